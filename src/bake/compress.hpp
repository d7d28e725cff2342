#pragma once
// Carries out the plan's layout: source rows in, compressed weights in the mapped output file out, on all
// cores.

#include <filesystem>

#include "bake/plan.hpp"

namespace ovenbird {

struct CompressedWeights {
    StoredTensors tensors;                  // views into the mapped file, which they keep alive
    std::span<const std::byte> file_bytes;  // the whole mapping
    double relative_error = 0;  // of the quantised matrices: sum of squared errors over sum of squares
};

/// Writes the plan's tensors to a new file of plan.tensor_bytes and syncs it. Errors: invalid_input (NaN or
/// infinite weights, with tensor, row and column), unsupported, no_space, io, interrupted.
CompressedWeights compress_weights(const BakePlan& plan, const BakeOptions& options,
                                   const std::filesystem::path& file, Reporter& reporter);

}  // namespace ovenbird
