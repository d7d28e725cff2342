#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

// GLM-4: half of each head is turned, its pairs beside each other; gate and up are one tensor.
ModelConfig read_glm(const JsonObject& config) {
    const Json whole = with_defaults(config, {{"num_key_value_heads", 2}, {"partial_rotary_factor", 0.5}});
    ModelConfig model = read_common_config(JsonObject(whole, config.origin()),
                                           {.head_size = 128, .partial_rotary = true, .norm_eps = 1.5625e-7});
    model.qkv_bias = config.boolean_or("attention_bias", true);
    return model;
}

// GLM-4 0414: the same with norms behind attention and MLP.
ModelConfig read_glm4(const JsonObject& config) {
    ModelConfig model = read_glm(config);
    model.norms_behind = true;
    return model;
}

constexpr FusedPart kGateAndUp[] = {{"mlp.gate_proj"}, {"mlp.up_proj"}};
constexpr FusedPart kBehindAttention[] = {{"post_attention_layernorm"}};
constexpr FusedPart kBeforeMlp[] = {{"pre_feedforward_layernorm"}};
constexpr FusedPart kBehindMlp[] = {{"post_feedforward_layernorm"}};
constexpr FusedTensor kFused[] = {{"mlp.gate_up_proj", kGateAndUp}};
constexpr FusedTensor kFusedAndNorms[] = {{"mlp.gate_up_proj", kGateAndUp},
                                          {"post_self_attn_layernorm", kBehindAttention},
                                          {"post_attention_layernorm", kBeforeMlp},
                                          {"post_mlp_layernorm", kBehindMlp}};

// The converter calls both of the MLP's "up"; files made of THUDM's own folders join query, key and value.
constexpr FusedPart kAttention[] = {{"self_attn.q_proj", "num_attention_heads"},
                                    {"self_attn.k_proj", "num_key_value_heads"},
                                    {"self_attn.v_proj", "num_key_value_heads"}};
constexpr FusedTensor kGgufFused[] = {{"self_attn.qkv_proj", kAttention}, {"mlp.up_proj", kGateAndUp}};

void complete(Json& config, const std::string&) {
    if (!config.contains("partial_rotary_factor")) config["partial_rotary_factor"] = 1.0;
}

constexpr GgufArchitecture kGgufOfGlm[] = {{.name = "chatglm",
                                            .model_type = "glm",
                                            .interleaves_heads = true,
                                            .biases = GgufBiases::query_key_value,
                                            .complete = complete,
                                            .fused = kGgufFused,
                                            .interleaves_parts = true}};
constexpr GgufArchitecture kGgufOfGlm4[] = {{.name = "glm4",
                                             .model_type = "glm4",
                                             .interleaves_heads = true,
                                             .biases = GgufBiases::query_key_value,
                                             .complete = complete,
                                             .fused = kGgufFused,
                                             .names = kNormsBehindGgufNames,
                                             .interleaves_parts = true}};

}  // namespace

const Architecture kGlm{.model_type = "glm",
                        .models = "GLM-4 9B",
                        .read_config = read_glm,
                        .gguf = kGgufOfGlm,
                        .fused = kFused,
                        .interleaves_heads = true};
const Architecture kGlm4{.model_type = "glm4",
                         .models = "GLM-4 0414 9B and 32B, Z1",
                         .read_config = read_glm4,
                         .gguf = kGgufOfGlm4,
                         .fused = kFusedAndNorms,
                         .interleaves_heads = true};

}  // namespace ovenbird
