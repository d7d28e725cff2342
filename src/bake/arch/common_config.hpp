#pragma once
// The part of config.json that all llama-like families spell the same way.

#include <optional>

#include "base/json.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// What a family's configuration class in transformers takes where config.json lacks the key.
struct CommonDefaults {
    int64_t head_size = 0;  // 0: hidden_size / heads
    double rope_theta = 10000.0;
    bool tied_embeddings = false;
    bool partial_rotary = false;  // partial_rotary_factor is the family's; elsewhere it is refused
    const char* activation_key = "hidden_act";
    const char* activation = "silu";
    const char* norm_eps_key = "rms_norm_eps";
    double norm_eps = 1e-6;
};

/// The configuration with `defaults` for keys that it lacks.
Json with_defaults(const JsonObject& config, const Json& defaults);

/// Sizes, norms, rope and the tied head; every layer sees all positions and turns. Errors: invalid_input,
/// unsupported (activation, rope scaling).
ModelConfig read_common_config(const JsonObject& config, const CommonDefaults& defaults = {});

/// text_config of a model that has other parts, with the tied head that the whole one tells; nothing where
/// there is none. Errors: unsupported, where its model_type is not `type`.
std::optional<Json> text_part(const JsonObject& config, const char* type, bool tied);

/// attention_bias, for all four projections, and mlp_bias.
void read_biases(ModelConfig& model, const JsonObject& config);

/// sliding_window; `absent` where there is no such key. null says that there is none: 0.
int64_t sliding_window_of(const JsonObject& config, int64_t absent);

/// A list with an entry a layer; null where the key is absent or null. Errors: invalid_input (its length).
const Json* layer_list(const ModelConfig& model, const JsonObject& config, const char* key,
                       bool may_be_longer = false);

/// Per-layer windows as transformers resolves them: `layer_types` where present ("sliding_attention" slides),
/// else every layer from `first_sliding_layer` on.
void apply_sliding_window(ModelConfig& model, const JsonObject& config, int64_t window,
                          int64_t first_sliding_layer);

/// The same, where without `layer_types` every `period`th layer sees all and the others slide.
void apply_sliding_pattern(ModelConfig& model, const JsonObject& config, int64_t window, int64_t period);

}  // namespace ovenbird
