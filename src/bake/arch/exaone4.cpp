#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// How often a layer sees all: sliding_window_pattern is the number, or letters for as many layers as it has
// ("LLLG").
int64_t period_of(const JsonObject& config) {
    constexpr const char* kKey = "sliding_window_pattern";
    if (!config.has(kKey)) return 4;
    const Json& pattern = config.json().at(kKey);
    if (!pattern.is_string()) {
        const int64_t period = config.integer(kKey);
        if (period > 0) return period;
        fail(ErrorCode::invalid_input, "{}: {} is {}, expected 1 or more", config.origin(), kKey, period);
    }
    const auto text = pattern.get<std::string>();
    const bool sound = text.find_first_not_of('L') + 1 == text.size() && text.ends_with('G');
    if (sound) return static_cast<int64_t>(text.size());
    fail(ErrorCode::unsupported,
         "{}: {} is '{}', expected a number or letters L with one G behind; say which layers slide by "
         "layer_types",
         config.origin(), kKey, text.substr(0, 60));
}

// EXAONE 4: norms of what attention and MLP add, none of what they read; norms of queries and keys. Where
// some layers slide, only those turn.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.norm_eps = 1e-5});
    model.norms_before = false;
    model.norms_behind = true;
    model.qk_norm = true;
    const int64_t window = sliding_window_of(config, 4096);
    if (window == 0) return model;
    apply_sliding_pattern(model, config, window, period_of(config));
    for (LayerConfig& layer : model.layers)
        layer.rotary = layer.sliding_window > 0;
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

// In a GGUF file no window is no window; llama.cpp knows no other pattern than the usual one.
void complete(Json& config, const std::string&) {
    if (!config.contains("sliding_window")) config["sliding_window"] = nullptr;
}

constexpr GgufArchitecture kGguf[] = {
    {"exaone4", "exaone4", false, GgufBiases::none, kGgufKeys, complete, {}, kNormsBehindGgufNames}};

}  // namespace

const Architecture kExaone4{"exaone4", "EXAONE 4.0 1.2B and 32B", read_config, kGguf};

}  // namespace ovenbird
