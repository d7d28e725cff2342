#pragma once
// How a plan takes a checkpoint whose configuration and tensors do not quite agree.

#include <set>
#include <string>

#include "bake/plan.hpp"

namespace ovenbird {

/// A quantization_config whose tensors are all floating was left over: a note. Else the checkpoint is
/// compressed: by a method that is read, or refused. Errors: unsupported (names the method and the first
/// compressed tensor).
void settle_quantization(BakePlan& plan, const Checkpoint& checkpoint);

/// Notes, once, that compressed weights (GGUF's blocks, too) are dequantised, which types they have, and what
/// that costs.
void note_dequantized(const Checkpoint& checkpoint, BakePlan& plan, const BakeOptions& options);

/// Whether head and embeddings are one table, as transformers' tie_weights decides: tied as the configuration
/// says, but not where both are stored and differ; where only one is stored, it is both. Reads the two tables
/// when both are stored. Errors: invalid_input (untied, and no head).
void settle_head(BakePlan& plan, const Checkpoint& checkpoint);

/// The tensor that the graph needs, of the right shape. Errors: invalid_input (missing, another shape),
/// unsupported (there, but of no use: of another type, empty, compressed).
const SourceTensor& find_tensor(BakePlan& plan, const Checkpoint& checkpoint, const RequiredTensor& required);

/// Warns of tensors that nobody uses, but for those that are known to be derived or inert.
void note_unused(const Checkpoint& checkpoint, BakePlan& plan, const std::set<std::string>& used);

}  // namespace ovenbird
