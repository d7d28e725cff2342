#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

// ERNIE 4.5 without experts: llama's shape, its rotary pairs beside each other, one word for all biases.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model =
        read_common_config(config, {.head_size = 128, .rope_theta = 500000.0, .tied_embeddings = true});
    if (!config.json().contains("num_key_value_heads")) model.kv_heads = 2;  // null: as many as heads
    model.qkv_bias = config.boolean_or("use_bias", false);
    model.output_bias = model.qkv_bias;
    model.mlp_bias = model.qkv_bias;
    return model;
}

constexpr GgufArchitecture kGguf[] = {{"ernie4_5", "ernie4_5", true, GgufBiases::none}};

}  // namespace

const Architecture kErnie45{.model_type = "ernie4_5",
                            .models = "ERNIE 4.5 0.3B",
                            .read_config = read_config,
                            .gguf = kGguf,
                            .interleaves_heads = true};

}  // namespace ovenbird
