#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {

// Qwen3: RMS norms over each head's query and key; head_dim is its own number (128 unless said).
ModelConfig read_qwen3_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, 128);
    model.qk_norm = true;
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    if (config.boolean_or("use_sliding_window", false)) {
        apply_sliding_window(model, config, config.integer_or("sliding_window", 4096),
                             config.integer_or("max_window_layers", 28));
    }
    return model;
}

}  // namespace ovenbird
