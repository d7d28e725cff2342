#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kUsualWindow = 8192;
constexpr size_t kFullEvery = 4;  // layers, where layer_types does not say: the first of four sees all

RopeConfig usual_rope(double theta) {
    RopeConfig rope;
    rope.theta = theta;
    rope.scaling = RopeConfig::Scaling::llama3;
    rope.factor = 16;
    rope.low_freq_factor = 1;
    rope.high_freq_factor = 4;
    rope.original_context = 8192;
    return rope;
}

// Code World Model: llama 3's shape with sliding layers.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.head_size = 128, .rope_theta = 1e6});
    if (!config.json().contains("num_key_value_heads")) model.kv_heads = 8;  // null: as many as heads
    if (!config.has("rope_parameters") && !config.has("rope_scaling"))
        model.rope = usual_rope(model.rope.theta);
    model.mlp_bias = config.boolean_or("mlp_bias", false);
    const int64_t window = sliding_window_of(config, kUsualWindow);
    if (config.has("layer_types")) {
        apply_sliding_window(model, config, window, 0);
        return model;
    }
    for (size_t layer = 0; layer < model.layers.size(); ++layer)
        model.layers[layer].sliding_window = layer % kFullEvery == 0 ? 0 : window;
    return model;
}

}  // namespace

const Architecture kCwm{"cwm", "Code World Model", read_config};

}  // namespace ovenbird
