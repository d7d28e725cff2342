#include "bake/arch/qwen_window.hpp"

#include "bake/arch/common_config.hpp"

namespace ovenbird {

void apply_qwen_window(ModelConfig& model, const JsonObject& config) {
    if (!config.boolean_or("use_sliding_window", false)) return;
    apply_sliding_window(model, config, sliding_window_of(config, 4096),
                         config.integer_or("max_window_layers", 28));
}

void complete_qwen_gguf(Json& config, const std::string&) {
    if (!config.contains("sliding_window")) return;
    config["use_sliding_window"] = true;
    config["max_window_layers"] = 0;
}

}  // namespace ovenbird
