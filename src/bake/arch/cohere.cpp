#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kEpsilon = "layer_norm_eps";
constexpr const char* kLogits = "logit_scale";
constexpr int64_t kFullEvery = 4;  // layers, where layer_types does not say

int64_t read_period(const JsonObject& config) {
    const int64_t period = config.integer_or("sliding_window_pattern", kFullEvery);
    if (period > 0) return period;
    fail(ErrorCode::invalid_input, "{}: sliding_window_pattern is {}, expected 1 or more", config.origin(),
         period);
}

// Command R: attention and MLP side by side behind one norm, which subtracts the mean; rotary pairs beside
// each other.
ModelConfig read_cohere(const JsonObject& config) {
    if (config.boolean_or("use_qk_norm", false)) {
        fail(ErrorCode::unsupported,
             "{}: use_qk_norm is true: each head has norms of its own (Command R+, Aya 104B), which "
             "Ovenbird's cohere has not; bake a model without them, Command R or Command R7B",
             config.origin());
    }
    ModelConfig model =
        read_common_config(config, {.tied_embeddings = true, .norm_eps_key = kEpsilon, .norm_eps = 1e-5});
    model.norm = NormKind::layer;
    model.parallel = true;
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    const double scale = config.number_or(kLogits, 0.0625);
    if (!(scale > 0)) {
        fail(ErrorCode::invalid_input, "{}: {} is {}, expected a positive number", config.origin(), kLogits,
             scale);
    }
    model.logits_divisor = 1.0 / scale;
    return model;
}

// Command R7B and A: three layers of four slide, and those alone turn.
ModelConfig read_cohere2(const JsonObject& config) {
    ModelConfig model = read_cohere(config);
    const int64_t window = sliding_window_of(config, 4096);
    apply_sliding_pattern(model, config, window, read_period(config));
    for (LayerConfig& layer : model.layers)
        layer.rotary = layer.sliding_window > 0;
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.layer_norm_epsilon", kEpsilon},
                                 {"logit_scale", kLogits},
                                 {"attn_q_norm.weight", "use_qk_norm", GgufKey::Kind::has_tensor}};
constexpr GgufKey kGgufKeys2[] = {{"attention.layer_norm_epsilon", kEpsilon},
                                  {"logit_scale", kLogits},
                                  {"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

// Without the key llama.cpp multiplies logits by nothing.
void complete(Json& config, const std::string&) {
    if (!config.contains(kLogits)) config[kLogits] = 1.0;
}

constexpr GgufArchitecture kGguf[] = {
    {"command-r", "cohere", true, GgufBiases::attention, kGgufKeys, complete}};
constexpr GgufArchitecture kGguf2[] = {
    {"cohere2", "cohere2", true, GgufBiases::attention, kGgufKeys2, complete}};

}  // namespace

const Architecture kCohere{.model_type = "cohere",
                           .models = "Command R, Aya 23, Aya Expanse",
                           .read_config = read_cohere,
                           .gguf = kGguf,
                           .interleaves_heads = true};
const Architecture kCohere2{.model_type = "cohere2",
                            .models = "Command R7B, Command A",
                            .read_config = read_cohere2,
                            .gguf = kGguf2,
                            .interleaves_heads = true};

}  // namespace ovenbird
