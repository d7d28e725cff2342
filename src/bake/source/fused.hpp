#pragma once
// Tensors that a family stores as one, taken apart into the names that the other families have.

#include <map>
#include <string>

#include "bake/arch/architecture.hpp"
#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// Replaces each layer's fused tensors (weights and biases) by their equal shares of rows; the bytes stay
/// where they are. Errors: invalid_input (rows that do not divide, a share that is there already).
void split_fused(std::map<std::string, SourceTensor, std::less<>>& tensors,
                 std::span<const FusedTensor> fused);

}  // namespace ovenbird
