#pragma once
// What encoders have in common.

#include "bake/graph/layers.hpp"

namespace ovenbird {

/// The norm that subtracts the mean first, with NAME.weight and NAME.bias.
Value moved_norm(const Value& x, const std::string& name, double eps, const StoredTensors& tensors);

/// [batch, tokens, heads * size] to [batch, heads, tokens, size].
Value split_heads(const Value& x, const ModelConfig& model);

/// Attention of heads that are split, without a cache: [batch, tokens, hidden]. `mask` is added to the
/// scores.
Value mixed_heads(const Value& queries, const Value& keys, const Value& values, const Value& mask,
                  const ModelConfig& model, const std::string& name);

}  // namespace ovenbird
