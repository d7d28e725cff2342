#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "bake/arch/qwen_window.hpp"

namespace ovenbird {
namespace {

// Qwen3: RMS norms over each head's query and key; head_dim is its own number (128 unless said).
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.head_size = 128});
    model.qk_norm = true;
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    apply_qwen_window(model, config);
    return model;
}

constexpr GgufArchitecture kGguf[] = {
    {"qwen3", "qwen3", false, GgufBiases::attention, kQwenGgufKeys, complete_qwen_gguf}};

}  // namespace

const Architecture kQwen3{"qwen3", "Qwen 3, 0.6B to 32B", read_config, kGguf};

}  // namespace ovenbird
