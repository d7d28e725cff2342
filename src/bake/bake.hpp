#pragma once
// The two-stage bake: a model's files in, a folder with a static INT4 IR out.

#include <memory>

#include "bake/decoder_source.hpp"
#include "bake/options.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// A source with the plan that points into it.
struct PlannedBake {
    std::unique_ptr<DecoderSource> source;
    BakePlan plan;
};

/// What bake() would do. Reads headers only (and samples of the weights for 0 < ratio < 1). Errors: as
/// bake().
PlannedBake plan_bake(const BakeOptions& options);

/// Bakes options.source into the folder options.output, which appears whole or not at all. Stage 1 writes the
/// one dynamic, compressed decoder; stage 2 reads it back and gives it each planned form, verified from disk
/// and compared with the decoder.
/// Returns the manifest that the folder holds. Errors: usage, not_found, invalid_input, unsupported, io,
/// no_space, verification, interrupted.
Manifest bake(const BakeOptions& options, Reporter& reporter);

}  // namespace ovenbird
