#pragma once
// A plan's calibrated tensors: text found or sampled, and the layers run over it.

#include <filesystem>

#include "bake/compress.hpp"
#include "bake/plan.hpp"
#include "bake/source/checkpoint.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Fills in the codes of `weights`' calibrated tensors and syncs its file. `text_folder` holds the tokenizer.
/// `kept_folder`: one that outlives a bake which is cut short; what is done is kept there, and taken when
/// options and source files are the same. Returns what the manifest records. Errors: those of calibrate() and
/// sample_tokens().
Json calibrate_weights(const Checkpoint& checkpoint, const BakePlan& plan, const BakeOptions& options,
                       const CompressedWeights& weights, const std::filesystem::path& text_folder,
                       const std::filesystem::path& kept_folder, const Manifest& manifest,
                       Reporter& reporter);

/// Proves that the plan's exact changes are exact, in f32, and returns the figures for the manifest. Errors:
/// verification; those of compare_exact().
Json prove_exact(const BakePlan& plan, const StoredTensors& stored, Reporter& reporter);

}  // namespace ovenbird
