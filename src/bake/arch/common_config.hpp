#pragma once
// The part of config.json that all llama-like families spell the same way.

#include "base/json.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// Sizes, norms, rope and the tied head; `default_head_size` 0 means hidden_size / heads. Windows are all 0.
/// Errors: invalid_input, unsupported (activation, rope scaling).
ModelConfig read_common_config(const JsonObject& config, int64_t default_head_size = 0);

/// Per-layer windows as transformers resolves them: `layer_types` where present ("sliding_attention" slides),
/// else every layer from `first_sliding_layer` on.
void apply_sliding_window(ModelConfig& model, const JsonObject& config, int64_t window,
                          int64_t first_sliding_layer);

}  // namespace ovenbird
