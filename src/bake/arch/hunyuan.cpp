#include <cmath>

#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

void refuse_others(const JsonObject& config) {
    if (!config.boolean_or("use_qk_norm", true)) {
        fail(ErrorCode::unsupported,
             "{}: use_qk_norm is false; Ovenbird's hunyuan_v1_dense norms queries and keys", config.origin());
    }
    if (config.boolean_or("use_cla", false)) {
        fail(ErrorCode::unsupported,
             "{}: use_cla is true: layers share keys and values, which Ovenbird's do not", config.origin());
    }
}

// "dynamic" with an alpha is no scaling that changes with the text: theta is grown by it once.
Json settled(const JsonObject& config) {
    Json result = config.json();
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
        const auto scaling = config.object(key);
        if (!scaling || scaling->text_or("rope_type", scaling->text_or("type", "")) != "dynamic") continue;
        const double alpha = scaling->number_or("alpha", 0);
        if (alpha == 0) continue;
        const auto size = static_cast<double>(config.integer("head_dim"));
        if (!(alpha > 0) || size <= 2) {
            fail(ErrorCode::invalid_input, "{}: alpha is {} and head_dim {}, expected more than 0 and 2",
                 config.origin(), alpha, size);
        }
        const double theta = scaling->number_or("rope_theta", config.number_or("rope_theta", 10000.0));
        result[key] = {{"rope_type", "default"}, {"rope_theta", theta * std::pow(alpha, size / (size - 2))}};
    }
    return result;
}

// Hunyuan 0.5B to 7B: a llama whose queries and keys are normed behind the rotary embedding.
ModelConfig read_config(const JsonObject& config) {
    refuse_others(config);
    const Json whole = settled(config);
    ModelConfig model = read_common_config(JsonObject(whole, config.origin()));
    if (!config.has("rms_norm_eps")) model.norm_eps = 1e-5;
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.qk_norm = true;
    model.qk_norm_behind_rope = true;
    return model;
}

constexpr FusedPart kQueryNorm[] = {{"self_attn.q_norm"}};
constexpr FusedPart kKeyNorm[] = {{"self_attn.k_norm"}};
constexpr FusedTensor kNames[] = {{"self_attn.query_layernorm", kQueryNorm},
                                  {"self_attn.key_layernorm", kKeyNorm}};

// theta is written as grown.
constexpr GgufArchitecture kGguf[] = {{"hunyuan-dense", "hunyuan_v1_dense", false, GgufBiases::attention}};

}  // namespace

const Architecture kHunyuanDense{"hunyuan_v1_dense", "Hunyuan 0.5B to 7B", read_config, kGguf, kNames};

}  // namespace ovenbird
