#pragma once
// Carries out the plan's layout: source rows in, compressed weights in the mapped output file out, on all
// cores.

#include <filesystem>

#include "bake/plan.hpp"
#include "base/platform/mapped_file.hpp"

namespace ovenbird {

struct CompressedWeights {
    StoredTensors tensors;              // views into the mapped file, which they keep alive
    std::shared_ptr<WritableMap> file;  // the whole mapping
    double relative_error = 0;  // of the quantised matrices: sum of squared errors over sum of squares
};

/// Where the codes of a calibrated tensor go.
QuantTarget target_of(const PlannedTensor& tensor, WritableMap& file);

/// Writes the plan's tensors, but for the calibrated ones, to a new file of plan.tensor_bytes and syncs it.
/// Errors: invalid_input (NaN or infinite weights, with tensor, row and column), unsupported, no_space, io,
/// interrupted.
CompressedWeights compress_weights(const BakePlan& plan, const BakeOptions& options,
                                   const std::filesystem::path& file, Reporter& reporter);

}  // namespace ovenbird
