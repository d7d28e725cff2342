#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {

// Mistral 7B and its fine-tunes (neural-chat among them): llama's shape, a window over all layers unless
// null.
ModelConfig read_mistral_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    apply_sliding_window(model, config, config.integer_or("sliding_window", 0), 0);
    return model;
}

}  // namespace ovenbird
