#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kText = "qwen3_5_text";
constexpr const char* kFull = "full_attention";
constexpr const char* kLinear = "linear_attention";
// Of a GGUF file only.
constexpr const char* kInnerSize = "linear_inner_size";
constexpr const char* kTiled = "linear_value_heads_are_tiled";
constexpr const char* kStoresFading = "A_log_is_negative_exponential";

// Positions of images have three numbers, those of a text are three times the same: plain rope.
Json settled(const JsonObject& config) {
    Json result = config.json();
    for (const char* key : {"rope_parameters", "rope_scaling"}) {
        if (!config.object(key)) continue;
        result[key].erase("mrope_section");
        result[key].erase("mrope_interleaved");
    }
    const auto rope = config.object("rope_parameters");
    if (!config.has("partial_rotary_factor") && !(rope && rope->has("partial_rotary_factor")))
        result["partial_rotary_factor"] = 0.25;
    return result;
}

void refuse_others(const ModelConfig& model, const JsonObject& config) {
    if (!config.boolean_or("attn_output_gate", true))
        fail(ErrorCode::unsupported,
             "{}: attn_output_gate is false, which transformers' Qwen3.5 does not honour", config.origin());
    if (model.activation != Activation::silu)
        fail(ErrorCode::unsupported, "{}: hidden_act is not silu, which the convolutions of Qwen3.5 need",
             config.origin());
}

// layer_types, or every fourth layer attends.
void settle_mixers(ModelConfig& model, const JsonObject& config) {
    const int64_t period = config.integer_or("full_attention_interval", 4);
    if (period < 1) {
        fail(ErrorCode::invalid_input, "{}: full_attention_interval is {}, expected 1 or more",
             config.origin(), period);
    }
    const Json* types = layer_list(model, config, "layer_types");
    for (size_t layer = 0; layer < model.layers.size(); ++layer) {
        bool attends = (static_cast<int64_t>(layer) + 1) % period == 0;
        if (types != nullptr) {
            const Json& type = types->at(layer);
            if (type != kFull && type != kLinear) {
                fail(ErrorCode::unsupported, "{}: layer_types[{}] is {}; known: {}, {}", config.origin(),
                     layer, type.dump(), kFull, kLinear);
            }
            attends = type == kFull;
        }
        model.layers[layer].mixer = attends ? Mixer::attention : Mixer::delta_rule;
    }
}

// Qwen3.5: three layers of four keep a matrix for each head by the gated delta rule, the fourth attends.
ModelConfig read_text(const JsonObject& config) {
    const Json whole = settled(config);
    ModelConfig model =
        read_common_config(JsonObject(whole, config.origin()), {.head_size = 256, .partial_rotary = true});
    refuse_others(model, config);
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.qk_norm = true;
    model.output_gate = true;
    model.convolution_size = config.integer_or("linear_conv_kernel_dim", 4);
    model.delta_rule = {.key_heads = config.integer_or("linear_num_key_heads", 16),
                        .value_heads = config.integer_or("linear_num_value_heads", 32),
                        .key_size = config.integer_or("linear_key_head_dim", 128),
                        .value_size = config.integer_or("linear_value_head_dim", 128),
                        .tiled = config.boolean_or(kTiled, false),
                        .stores_fading = config.boolean_or(kStoresFading, false)};
    settle_mixers(model, config);
    return model;
}

// The model that sees, too: only its text part is baked.
ModelConfig read_with_images(const JsonObject& config) {
    const auto text = text_part(config, kText, false);
    return text ? read_text(JsonObject(*text, config.origin() + " (text_config)")) : read_text(config);
}

constexpr GgufKey kGgufKeys[] = {
    {"full_attention_interval", "full_attention_interval", GgufKey::Kind::integer},
    {"ssm.conv_kernel", "linear_conv_kernel_dim", GgufKey::Kind::integer},
    {"ssm.group_count", "linear_num_key_heads", GgufKey::Kind::integer},
    {"ssm.time_step_rank", "linear_num_value_heads", GgufKey::Kind::integer},
    {"ssm.state_size", "linear_key_head_dim", GgufKey::Kind::integer},
    {"ssm.inner_size", kInnerSize, GgufKey::Kind::integer}};

constexpr GgufName kGgufNames[] = {
    {"attn_qkv", "linear_attn.in_proj_qkv"}, {"attn_gate", "linear_attn.in_proj_z"},
    {"ssm_alpha", "linear_attn.in_proj_a"},  {"ssm_beta", "linear_attn.in_proj_b"},
    {"ssm_conv1d", "linear_attn.conv1d"},    {"ssm_a", "linear_attn.A_log"},
    {"ssm_dt.bias", "linear_attn.dt_bias"},  {"ssm_norm", "linear_attn.norm"},
    {"ssm_out", "linear_attn.out_proj"},     {"post_attention_norm", "post_attention_layernorm"}};

// The converter lays value heads out for ggml's broadcast, and stores what A_log is needed for.
void complete(Json& config, const std::string& origin) {
    const int64_t heads = config.value("linear_num_value_heads", int64_t{32});
    const int64_t inner = config.value(kInnerSize, int64_t{0});
    if (heads < 1 || inner < 1 || inner % heads != 0) {
        fail(ErrorCode::invalid_input,
             "{}: ssm.inner_size is {}, which are not {} heads (ssm.time_step_rank)", origin, inner, heads);
    }
    config["linear_value_head_dim"] = inner / heads;
    config.erase(kInnerSize);
    if (!config.contains("partial_rotary_factor")) config["partial_rotary_factor"] = 1.0;
    config[kTiled] = true;
    config[kStoresFading] = true;
}

constexpr GgufArchitecture kGguf[] = {{.name = "qwen35",
                                       .model_type = kText,
                                       .interleaves_heads = false,
                                       .biases = GgufBiases::attention,
                                       .keys = kGgufKeys,
                                       .complete = complete,
                                       .names = kGgufNames}};

}  // namespace

const Architecture kQwen35{.model_type = "qwen3_5",
                           .models = "Qwen 3.5, dense, its text",
                           .read_config = read_with_images,
                           .norm_offset = 1.0F,
                           .has_other_parts = true};
const Architecture kQwen35Text{.model_type = kText,
                               .models = "Qwen 3.5, dense, saved without the part that sees",
                               .read_config = read_text,
                               .gguf = kGguf,
                               .norm_offset = 1.0F};

}  // namespace ovenbird
