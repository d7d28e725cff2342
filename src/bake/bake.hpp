#pragma once
// The two-stage bake: a model's files in, a folder with a static INT4 IR out.

#include <memory>

#include "bake/decoder_source.hpp"
#include "bake/options.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Which of BakeOptions were asked for, where others would suit an embedding model better.
struct GivenOptions {
    bool bits = false;
    bool group_size = false;
    bool seq_len = false;
};

/// Of a folder that is an embedding model's, by its files: what was not asked for becomes what suits one
/// (INT8, groups of 64 where INT4 was asked for, texts of up to 512 tokens). Returns what to tell; empty:
/// nothing.
std::string suit_embedder(BakeOptions& options, const GivenOptions& given);

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
