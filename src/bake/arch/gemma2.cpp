#include "bake/arch/gemma_config.hpp"

namespace ovenbird {
namespace {

constexpr const char* kScoresCap = "attn_logit_softcapping";
constexpr const char* kLogitsCap = "final_logit_softcapping";

// Gemma 2: norms before and behind, caps on scores and logits, every other layer slides.
ModelConfig read_config(const JsonObject& config) {
    const Json full = with_defaults(config, {{"num_key_value_heads", 4}});
    const JsonObject object(full, config.origin());
    ModelConfig model = read_gemma(object, "hidden_activation", 10000.0);
    add_norms_and_windows(model, object, 2);
    model.attention_softcap = softcap_of(object, kScoresCap, 50.0);
    model.logits_softcap = softcap_of(object, kLogitsCap, 30.0);
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer},
                                 {"attn_logit_softcapping", kScoresCap},
                                 {"final_logit_softcapping", kLogitsCap}};

void complete(Json& config, const std::string&) {
    complete_gemma_gguf(config, 46);
}

constexpr GgufArchitecture kGguf[] = {
    {"gemma2", "gemma2", false, GgufBiases::none, kGgufKeys, complete, {}, kNormsBehindGgufNames}};

}  // namespace

const Architecture kGemma2{.model_type = "gemma2",
                           .models = "Gemma 2",
                           .read_config = read_config,
                           .gguf = kGguf,
                           .norm_offset = 1.0F};

}  // namespace ovenbird
