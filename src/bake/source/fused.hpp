#pragma once
// Tensors that a family stores as one, taken apart into the names that the other families have.

#include <map>
#include <string>

#include "bake/arch/architecture.hpp"
#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// Replaces each layer's fused tensors (weights and biases) by their shares of rows, as many as config.json
/// (`config`) says; the bytes stay where they are. Errors: invalid_input (rows that do not divide, numbers of
/// shares out of range, a share that is there already).
void split_fused(std::map<std::string, SourceTensor, std::less<>>& tensors,
                 std::span<const FusedTensor> fused, const JsonObject& config);

}  // namespace ovenbird
