#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {

// Llama 1 to 3.x, SmolLM2 and all that copied them; attention_bias covers all four projections.
ModelConfig read_llama_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.mlp_bias = config.boolean_or("mlp_bias", false);
    return model;
}

}  // namespace ovenbird
