#pragma once
// The sliding window as the Qwen family switches it on, for its files here.

#include "bake/arch/architecture.hpp"

namespace ovenbird {

/// With use_sliding_window: from layer max_window_layers on, unless layer_types lists them; null: no window.
void apply_qwen_window(ModelConfig& model, const JsonObject& config);

inline constexpr GgufKey kQwenGgufKeys[] = {
    {"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

/// A window in a GGUF file is one over all layers.
void complete_qwen_gguf(Json& config, const std::string& origin);

}  // namespace ovenbird
