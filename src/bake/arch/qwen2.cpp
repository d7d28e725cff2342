#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "bake/arch/qwen_window.hpp"

namespace ovenbird {
namespace {

// Qwen2 and 2.5: biases on query, key and value only.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    model.qkv_bias = true;
    apply_qwen_window(model, config);
    return model;
}

constexpr GgufArchitecture kGguf[] = {
    {"qwen2", "qwen2", false, GgufBiases::fixed, kQwenGgufKeys, complete_qwen_gguf}};

}  // namespace

const Architecture kQwen2{"qwen2", "Qwen 2 and 2.5, Qwen2.5-Coder, QwQ, DeepSeek's distills of Qwen",
                          read_config, kGguf};

}  // namespace ovenbird
