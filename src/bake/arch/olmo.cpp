#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kFullEvery = 4;  // layers, where layer_types does not say

// OLMo 2: norms of what attention and MLP add, none of what they read; a norm over all of a query or key.
ModelConfig read_olmo2(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.norm_eps = 1e-5});
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.norms_before = false;
    model.norms_behind = true;
    model.qk_norm = true;
    model.qk_norm_whole = true;
    return model;
}

// OLMo 3: some layers slide, and those were trained without the rope scaling. transformers 5 scales them too,
// against its own words; transformers 4, vLLM and llama.cpp do not.
ModelConfig read_olmo3(const JsonObject& config) {
    ModelConfig model = read_olmo2(config);
    apply_sliding_pattern(model, config, sliding_window_of(config, 4096), kFullEvery);
    if (model.rope.scaling == RopeConfig::Scaling::none) return model;
    model.local_rope = RopeConfig{.theta = model.rope.theta};
    for (LayerConfig& layer : model.layers)
        layer.local_rope = layer.sliding_window > 0;
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

// Both are written as "olmo2": one with a window is OLMo 3.
void complete(Json& config, const std::string&) {
    if (config.contains("sliding_window")) config["model_type"] = "olmo3";
}

constexpr GgufArchitecture kGguf[] = {
    {"olmo2", "olmo2", false, GgufBiases::attention, kGgufKeys, complete, {}, kNormsBehindGgufNames}};

}  // namespace

const Architecture kOlmo2{"olmo2", "OLMo 2 1B to 32B", read_olmo2, kGguf};
const Architecture kOlmo3{"olmo3", "OLMo 3 7B and 32B", read_olmo3};

}  // namespace ovenbird
