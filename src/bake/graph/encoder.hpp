#pragma once
// The body of an encoder (Devlin et al., arXiv:1810.04805): every token sees every other one, a norm follows
// each half of a layer.

#include <vector>

#include "bake/graph/layers.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

inline constexpr const char* kWordsName = "embeddings.word_embeddings.weight";
inline constexpr const char* kPositionsName = "embeddings.position_embeddings.weight";
inline constexpr const char* kTokenTypesName = "embeddings.token_type_embeddings.weight";
/// A row for each position from the first token's on, the row of token type 0 added. No checkpoint has it.
inline constexpr const char* kPlacesName = "ovenbird.places.weight";

/// What a checkpoint must have, but for the two tables that become kPlacesName, which is among them instead.
std::vector<RequiredTensor> encoder_tensors(const EmbedderBody& body);

/// f32 [batch, tokens, hidden] behind the last layer. `mask`: what attention adds to its scores.
Value encode(const Value& input_ids, const Value& position_ids, const Value& mask, const EmbedderBody& body,
             const StoredTensors& tensors);

}  // namespace ovenbird
