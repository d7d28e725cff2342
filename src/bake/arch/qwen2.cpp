#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {

// Qwen2 and 2.5: biases on query, key and value only; the window is used from layer max_window_layers on.
ModelConfig read_qwen2_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    model.qkv_bias = true;
    if (config.boolean_or("use_sliding_window", false)) {
        apply_sliding_window(model, config, config.integer_or("sliding_window", 4096),
                             config.integer_or("max_window_layers", 28));
    }
    return model;
}

}  // namespace ovenbird
