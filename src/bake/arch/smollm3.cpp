#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// no_rope_layers: 1 turns, 0 does not, despite its name. Without it every n-th layer does not turn.
void choose_rotary_layers(ModelConfig& model, const JsonObject& config) {
    if (const Json* listed = layer_list(model, config, "no_rope_layers", true)) {
        for (size_t layer = 0; layer < model.layers.size(); ++layer) {
            const Json& turns = listed->at(layer);
            if (!turns.is_number_integer() || (turns != 0 && turns != 1)) {
                fail(ErrorCode::invalid_input, "{}: no_rope_layers[{}] is {}, expected 0 or 1",
                     config.origin(), layer, turns.dump());
            }
            model.layers[layer].rotary = turns == 1;
        }
        return;
    }
    const int64_t interval = config.integer_or("no_rope_layer_interval", 4);
    if (interval < 1) {
        fail(ErrorCode::invalid_input, "{}: no_rope_layer_interval is {}, expected 1 or more",
             config.origin(), interval);
    }
    for (size_t layer = 0; layer < model.layers.size(); ++layer)
        model.layers[layer].rotary = (static_cast<int64_t>(layer) + 1) % interval != 0;
}

// Windows are off in every published model; where they are on, and no list says otherwise, it is the layers
// without rotary embedding that slide.
void choose_windows(ModelConfig& model, const JsonObject& config) {
    const int64_t window = sliding_window_of(config, 0);
    if (window == 0 || !config.boolean_or("use_sliding_window", false)) return;
    if (config.has("layer_types")) return apply_sliding_window(model, config, window, 0);
    for (LayerConfig& layer : model.layers)
        layer.sliding_window = layer.rotary ? 0 : window;
}

// SmolLM3: llama's shape with grouped queries, and layers without rotary embedding.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.rope_theta = 2e6, .tied_embeddings = true});
    read_biases(model, config);
    if (!config.json().contains("num_key_value_heads")) model.kv_heads = 4;  // null: as many as heads
    choose_rotary_layers(model, config);
    choose_windows(model, config);
    return model;
}

// The file does not say which layers turn: for llama.cpp, too, it is always all but every fourth.
constexpr GgufArchitecture kGguf[] = {{"smollm3", "smollm3", true, GgufBiases::attention_and_mlp}};

}  // namespace

const Architecture kSmolLm3{"smollm3", "SmolLM3", read_config, kGguf};

}  // namespace ovenbird
