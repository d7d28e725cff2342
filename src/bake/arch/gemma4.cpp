#include <algorithm>

#include "bake/arch/gemma_config.hpp"
#include "bake/arch/rope_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kFull = "full_attention";
constexpr const char* kSliding = "sliding_attention";
constexpr const char* kText = "gemma4_text";
constexpr double kTheta = 1e6;
constexpr double kLocalTheta = 1e4;

void refuse_experts(const JsonObject& config) {
    if (!config.boolean_or("enable_moe_block", false)) return;
    fail(ErrorCode::unsupported,
         "{}: enable_moe_block is true: a mixture of experts (Gemma 4 26B-A4B), whose choice of weights for "
         "each token no static graph has; bake E2B, E4B or a dense one",
         config.origin());
}

// "vision" is about images alone.
void refuse_looking_ahead(const JsonObject& config) {
    const auto how = config.text_or("use_bidirectional_attention", "");
    if (how.empty() || how == "vision") return;
    fail(ErrorCode::unsupported,
         "{}: use_bidirectional_attention is '{}': tokens see those behind them, as in an embedder; Ovenbird "
         "bakes models that write text",
         config.origin(), how);
}

// rope_parameters of one kind of layers; what transformers means where there are none.
Json rope_of(const JsonObject& config, const char* kind, const Json& absent) {
    const auto parameters = config.object("rope_parameters");
    if (!parameters) return absent;
    const auto own = parameters->object(kind);
    if (own) return own->json();
    fail(ErrorCode::invalid_input,
         "{}: rope_parameters has no {}, and Gemma 4 has a rotary embedding for each kind of layers; add it, "
         "or remove rope_parameters for the usual ones",
         config.origin(), kind);
}

RopeConfig rope_for(const JsonObject& config, const Json& parameters, double theta, int64_t head_size,
                    int64_t positions) {
    const Json own = {{"rope_parameters", parameters}};
    return read_rope(JsonObject(own, config.origin()), {theta, head_size, positions});
}

// Only the proportional one is reckoned of full layers' heads in transformers.
RopeConfig read_full_rope(const JsonObject& config, const ModelConfig& model, int64_t head_size) {
    const Json usual = {
        {"rope_type", "proportional"}, {"partial_rotary_factor", 0.25}, {"rope_theta", kTheta}};
    const RopeConfig rope =
        rope_for(config, rope_of(config, kFull, usual), kTheta, head_size, model.max_positions);
    const bool plain = rope.scaling == RopeConfig::Scaling::none && head_size == model.head_size;
    if (plain || rope.scaling == RopeConfig::Scaling::proportional) return rope;
    fail(
        ErrorCode::unsupported,
        "{}: the rotary embedding of full_attention is not proportional, and heads of {} values (not {}) are "
        "turned by no other one in transformers' Gemma 4; set its rope_type to proportional",
        config.origin(), head_size, model.head_size);
}

RopeConfig read_local_rope(const JsonObject& config, const ModelConfig& model) {
    const Json usual = {{"rope_type", "default"}, {"rope_theta", kLocalTheta}};
    const RopeConfig rope =
        rope_for(config, rope_of(config, kSliding, usual), kLocalTheta, model.head_size, model.max_positions);
    if (rope.scaling == RopeConfig::Scaling::none || rope.scaling == RopeConfig::Scaling::linear) return rope;
    fail(ErrorCode::unsupported,
         "{}: the rotary embedding of sliding_attention has a scaling other than linear, which Ovenbird's "
         "Gemma 4 does not have; set its rope_type to default",
         config.origin());
}

// The last layer sees all, whatever the list says.
void settle_windows(ModelConfig& model, const JsonObject& config) {
    constexpr int64_t kPeriod = 6;
    const int64_t window = sliding_window_of(config, 512);
    if (window < 1) {
        fail(ErrorCode::invalid_input, "{}: sliding_window is {}, expected 1 or more", config.origin(),
             window);
    }
    apply_sliding_pattern(model, config, window, kPeriod);
    model.layers.back().sliding_window = 0;
    for (LayerConfig& layer : model.layers)
        layer.local_rope = layer.sliding_window > 0;
}

void settle_heads(ModelConfig& model, const JsonObject& config, int64_t full_head_size) {
    const bool keys_as_values = config.boolean_or("attention_k_eq_v", false);
    const int64_t kv_heads = config.integer_or("num_global_key_value_heads", model.kv_heads);
    for (LayerConfig& layer : model.layers) {
        if (layer.sliding_window > 0) continue;
        layer.keys_as_values = keys_as_values;
        if (full_head_size != model.head_size) layer.head_size = full_head_size;
        if (keys_as_values && kv_heads != model.kv_heads) layer.kv_heads = kv_heads;
    }
}

// The last layers read the keys and values of the last layer of their kind before them.
void share_keys(ModelConfig& model, const JsonObject& config) {
    const int64_t shared = config.integer_or("num_kv_shared_layers", 0);
    const int64_t first = model.layer_count() - shared;
    if (shared < 0 || (shared > 0 && first < 1)) {
        fail(ErrorCode::invalid_input, "{}: num_kv_shared_layers is {}, expected 0 to {}", config.origin(),
             shared, model.layer_count() - 1);
    }
    const bool wide = config.boolean_or("use_double_wide_mlp", false);
    for (int64_t index = first; index < model.layer_count(); ++index) {
        LayerConfig& layer = model.layers[static_cast<size_t>(index)];
        for (int64_t other = 0; other < first; ++other)
            if (model.layers[static_cast<size_t>(other)].sliding_window == layer.sliding_window)
                layer.keys_of = other;
        if (layer.keys_of < 0) {
            fail(ErrorCode::invalid_input,
                 "{}: num_kv_shared_layers is {}, but no layer before them is of the kind of layer {}, whose "
                 "keys it would read",
                 config.origin(), shared, index);
        }
        if (wide) layer.intermediate_size = 2 * model.intermediate_size;
    }
}

void read_layer_inputs(ModelConfig& model, const JsonObject& config) {
    const int64_t size = config.integer_or("hidden_size_per_layer_input", 256);
    if (size == 0) return;
    model.layer_input = {size, config.integer_or("vocab_size_per_layer_input", 262144)};
    if (model.layer_input.vocab_size >= model.vocab_size) return;
    fail(ErrorCode::unsupported,
         "{}: vocab_size_per_layer_input is {}, fewer than the {} tokens, and those beyond would have no row",
         config.origin(), model.layer_input.vocab_size, model.vocab_size);
}

ModelConfig read_sizes(const JsonObject& config) {
    Json full = with_defaults(config, {{"model_type", kText},
                                       {"hidden_size", 2304},
                                       {"intermediate_size", 9216},
                                       {"num_hidden_layers", 30},
                                       {"num_attention_heads", 8},
                                       {"num_key_value_heads", 4},
                                       {"vocab_size", 262144},
                                       {"max_position_embeddings", 131072}});
    for (const char* key : {"use_bidirectional_attention", "rope_parameters"})
        full.erase(key);
    return read_gemma(JsonObject(full, config.origin()), "hidden_activation", kTheta);
}

// Gemma 4: Gemma 3 with norms of values, layers of two kinds and sizes, of which the last ones read the keys
// of earlier ones, and a table of rows that each layer reads by itself.
ModelConfig read_text(const JsonObject& config) {
    refuse_experts(config);
    refuse_looking_ahead(config);
    ModelConfig model = read_sizes(config);
    const int64_t full_head_size = config.integer_or("global_head_dim", 512);
    if (full_head_size < 1 || full_head_size > 65536) {
        fail(ErrorCode::invalid_input, "{}: global_head_dim is {}, expected 1 to 65536", config.origin(),
             full_head_size);
    }
    model.norms_behind = model.qk_norm = model.value_norm = model.layer_scalar = true;
    model.attention_multiplier = 1.0;
    model.logits_softcap = softcap_of(config, "final_logit_softcapping", 0);
    settle_windows(model, config);
    settle_heads(model, config, full_head_size);
    share_keys(model, config);
    read_layer_inputs(model, config);
    model.rope = read_full_rope(config, model, full_head_size);
    model.local_rope = read_local_rope(config, model);
    return model;
}

// The model that sees and hears, too: only its text part is baked.
ModelConfig read_with_others(const JsonObject& config) {
    const auto text = text_part(config, kText, true);
    return text ? read_text(JsonObject(*text, config.origin() + " (text_config)")) : read_text(config);
}

}  // namespace

const Architecture kGemma4{.model_type = "gemma4",
                           .models = "Gemma 4 E2B, E4B and 31B, their text",
                           .read_config = read_with_others,
                           .has_other_parts = true};
const Architecture kGemma4Text{
    .model_type = kText, .models = "Gemma 4's text part, saved alone", .read_config = read_text};

}  // namespace ovenbird
