#pragma once
// From rows to one vector. Exact in f32, and within what f16 holds on the way.

#include <vector>

#include "bake/graph/layers.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// `rows` f32 [1, tokens, hidden], attention_mask i64 [1, tokens] (1 for real tokens, which come first):
/// [1, hidden].
Value pooled(const Value& rows, const Value& attention_mask, Pooling pooling);

/// What the layers' tensors are called and which shapes they have.
std::vector<RequiredTensor> dense_tensors(const std::vector<DenseLayer>& layers);
Value dense(const Value& x, const DenseLayer& layer, const StoredTensors& tensors);

/// x divided by its Euclidean length.
Value normalized(const Value& x);

}  // namespace ovenbird
