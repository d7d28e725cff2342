#include "bake/arch/gemma_config.hpp"
#include "bake/arch/rope_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kFull = "full_attention";
constexpr const char* kSliding = "sliding_attention";
constexpr const char* kText = "gemma3_text";
constexpr double kTheta = 1e6;
constexpr double kLocalTheta = 1e4;

// rope_parameters of one kind of layers. Those of transformers 5 name both kinds.
Json rope_of(const JsonObject& config, const char* kind) {
    const auto parameters = config.object("rope_parameters");
    if (!parameters || parameters->json().empty()) return nullptr;
    if (!parameters->has(kFull) && !parameters->has(kSliding)) {
        fail(ErrorCode::unsupported,
             "{}: rope_parameters names neither full_attention nor sliding_attention, and Gemma 3 has a "
             "rotary "
             "embedding for each",
             config.origin());
    }
    const auto own = parameters->object(kind);
    return own ? own->json() : Json(nullptr);
}

// Layers that slide turn by a table of their own, which no long context stretches.
RopeConfig read_local_rope(const JsonObject& config, const ModelConfig& model) {
    Json own = {{"rope_parameters", rope_of(config, kSliding)}};
    if (config.has("rope_local_base_freq")) own["rope_theta"] = config.number("rope_local_base_freq");
    const RopeConfig rope =
        read_rope(JsonObject(own, config.origin()), {kLocalTheta, model.head_size, model.max_positions});
    if (rope.scaling != RopeConfig::Scaling::none && rope.scaling != RopeConfig::Scaling::linear) {
        fail(
            ErrorCode::unsupported,
            "{}: the rotary embedding of sliding_attention has a scaling other than linear, which Ovenbird's "
            "Gemma 3 does not have",
            config.origin());
    }
    return rope;
}

int64_t read_period(const JsonObject& config) {
    const char* key =
        config.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern";
    const int64_t period = config.integer_or(key, 6);
    if (period > 0) return period;
    fail(ErrorCode::invalid_input, "{}: {} is {}, expected 1 or more", config.origin(), key, period);
}

void refuse_scores_cap(const JsonObject& config) {
    const double cap = softcap_of(config, "attn_logit_softcapping", 0);
    if (cap == 0) return;
    fail(ErrorCode::unsupported,
         "{}: attn_logit_softcapping is {}, which transformers' Gemma 3 does not apply; remove it if the "
         "model was not trained with it",
         config.origin(), cap);
}

// Gemma 3: Gemma 2 with norms of queries and keys instead of a cap on scores, and two rotary tables.
ModelConfig read_text(const JsonObject& config) {
    Json full = with_defaults(config, {{"model_type", kText},
                                       {"hidden_size", 2304},
                                       {"intermediate_size", 9216},
                                       {"num_hidden_layers", 26},
                                       {"num_attention_heads", 8},
                                       {"num_key_value_heads", 4},
                                       {"vocab_size", 262208},
                                       {"max_position_embeddings", 131072}});
    const JsonObject whole(full, config.origin());
    refuse_scores_cap(whole);
    Json global = full;
    global["rope_parameters"] = rope_of(whole, kFull);
    const JsonObject object(global, config.origin());
    ModelConfig model = read_gemma(object, "hidden_activation", kTheta);
    add_norms_and_windows(model, object, read_period(object));
    model.qk_norm = true;
    model.logits_softcap = softcap_of(object, "final_logit_softcapping", 0);
    model.local_rope = read_local_rope(whole, model);
    for (LayerConfig& layer : model.layers)
        layer.local_rope = layer.sliding_window > 0;
    return model;
}

// The model that sees, too: only its text part is baked.
ModelConfig read_with_images(const JsonObject& config) {
    const auto text = text_part(config, kText, true);
    return text ? read_text(JsonObject(*text, config.origin() + " (text_config)")) : read_text(config);
}

constexpr GgufKey kGgufKeys[] = {
    {"attention.sliding_window", "sliding_window", GgufKey::Kind::integer},
    {"attention.sliding_window_pattern", "sliding_window_pattern", GgufKey::Kind::integer},
    {"rope.freq_base_swa", "rope_local_base_freq"},
    {"final_logit_softcapping", "final_logit_softcapping"}};

// In a GGUF file no window is no window, and then all layers are alike.
void complete(Json& config, const std::string&) {
    complete_gemma_gguf(config, 62);
    if (!config.contains("sliding_window")) config["sliding_window"] = nullptr;
}

constexpr GgufArchitecture kGguf[] = {
    {"gemma3", kText, false, GgufBiases::none, kGgufKeys, complete, {}, kNormsBehindGgufNames}};

}  // namespace

const Architecture kGemma3{.model_type = "gemma3",
                           .models = "Gemma 3 4B to 27B, its text",
                           .read_config = read_with_images,
                           .norm_offset = 1.0F,
                           .has_other_parts = true};
const Architecture kGemma3Text{.model_type = kText,
                               .models = "Gemma 3 270M and 1B",
                               .read_config = read_text,
                               .gguf = kGguf,
                               .norm_offset = 1.0F};

}  // namespace ovenbird
