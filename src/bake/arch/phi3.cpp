#include <array>

#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kOriginal = "original_max_position_embeddings";

// What Microsoft's own code reads and transformers' does not; every published model has it off.
void refuse_others(const JsonObject& config) {
    for (const char* key : {"attention_bias", "mlp_bias", "lm_head_bias"}) {
        if (!config.boolean_or(key, false)) continue;
        fail(ErrorCode::unsupported, "{}: {} is true; Ovenbird's phi3 has no biases", config.origin(), key);
    }
    for (const char* key : {"full_attn_mod", "interpolate_factor"}) {
        const double value = config.number_or(key, 1.0);
        if (value == 1.0) continue;
        fail(ErrorCode::unsupported, "{}: {} is {}; Ovenbird's phi3 knows 1 only", config.origin(), key,
             value);
    }
}

// transformers' defaults, and the names that longrope had in Phi's first files.
Json settled(const JsonObject& config) {
    Json result = config.json();
    const std::pair<const char*, Json> defaults[] = {
        {"rms_norm_eps", 1e-5}, {"max_position_embeddings", 4096}, {kOriginal, 4096}};
    for (const auto& [key, value] : defaults)
        if (!config.has(key)) result[key] = value;
    for (const char* scaling : {"rope_scaling", "rope_parameters"}) {
        if (!config.object(scaling)) continue;
        for (const char* key : {"type", "rope_type"}) {
            const auto found = result[scaling].find(key);
            if (found != result[scaling].end() && (*found == "su" || *found == "yarn")) *found = "longrope";
        }
    }
    return result;
}

// Phi-3, 3.5, 4 and 4-mini: a llama whose query, key and value are one tensor, as are gate and up; some turn
// a part of each head, some slide in all layers.
ModelConfig read_config(const JsonObject& config) {
    refuse_others(config);
    const Json whole = settled(config);
    ModelConfig model = read_common_config(JsonObject(whole, config.origin()), {.partial_rotary = true});
    using Scaling = RopeConfig::Scaling;
    if (model.rope.scaling != Scaling::none && model.rope.scaling != Scaling::longrope) {
        fail(ErrorCode::unsupported, "{}: the rope scaling is not one of phi3's; known: default, longrope",
             config.origin());
    }
    const int64_t window = sliding_window_of(config, 0);
    for (LayerConfig& layer : model.layers)
        layer.sliding_window = window;
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

// Outside of the scaling, as in Phi's own files: what stands there comes first.
void complete(Json& config, const std::string&) {
    if (!config.contains("rope_scaling") || !config["rope_scaling"].contains(kOriginal)) return;
    config[kOriginal] = config["rope_scaling"][kOriginal];
}

constexpr FusedPart kAttention[] = {{"self_attn.q_proj", "num_attention_heads"},
                                    {"self_attn.k_proj", "num_key_value_heads"},
                                    {"self_attn.v_proj", "num_key_value_heads"}};
constexpr FusedPart kGateAndUp[] = {{"mlp.gate_proj"}, {"mlp.up_proj"}};
constexpr FusedTensor kFused[] = {{"self_attn.qkv_proj", kAttention}, {"mlp.gate_up_proj", kGateAndUp}};
// The converter calls both of the MLP's "up".
constexpr FusedTensor kGgufFused[] = {{"self_attn.qkv_proj", kAttention}, {"mlp.up_proj", kGateAndUp}};

constexpr GgufArchitecture kGguf[] = {
    {"phi3", "phi3", false, GgufBiases::none, kGgufKeys, complete, kGgufFused}};

}  // namespace

const Architecture kPhi3{"phi3", "Phi-3, 3.5, 4 and 4-mini", read_config, kGguf, kFused};

}  // namespace ovenbird
