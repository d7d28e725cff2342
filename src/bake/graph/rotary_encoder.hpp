#pragma once
// The body of Nomic's encoder (Nussbaum et al., arXiv:2402.01613): BERT with rotary positions, a gated MLP
// and linear layers without biases. Its tensors are called as its makers store them.

#include "bake/graph/layers.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// As encoder_tensors() and encode(). The table of token types stays one of its own.
std::vector<RequiredTensor> rotary_encoder_tensors(const EmbedderBody& body);
Value rotary_encode(const Value& input_ids, const Value& position_ids, const Value& mask,
                    const EmbedderBody& body, const StoredTensors& tensors);

}  // namespace ovenbird
