#pragma once
// What the Gemmas have alike.

#include <array>

#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {

/// Sizes, GELU by the key `activation`, the embeddings' factor, biases. Errors: unsupported
/// (use_bidirectional_attention), and those of read_common_config().
ModelConfig read_gemma(const JsonObject& config, const char* activation, double rope_theta);

/// Gemma 2 and 3: norms behind attention and MLP, query_pre_attn_scalar, and layers that slide:
/// `layer_types`, else all but every `period`th.
void add_norms_and_windows(ModelConfig& model, const JsonObject& config, int64_t period);

/// A cap on scores or logits; 0: none. What transformers' class has is meant where the key is absent; null is
/// none.
double softcap_of(const JsonObject& config, const char* key, double absent);

/// What a GGUF file leaves to the program: the activation, and query_pre_attn_scalar, which is head_dim but
/// in the largest model, the one of `layers_of_27b`.
void complete_gemma_gguf(Json& config, int64_t layers_of_27b);

}  // namespace ovenbird
