#pragma once
// The folded form of the static graphs with a cache: see bake/fold/fold.hpp.

#include <filesystem>

#include "bake/compress.hpp"
#include "bake/options.hpp"
#include "base/report.hpp"
#include "model/config.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Which folded graphs a context needs: one that takes a token and one that verifies drafts for 1,024 tokens,
/// 2,048, … and the context itself; and one for chunks of a prompt, which stands behind so many tokens less
/// than the context: the host moves the cache's rows between prefill and decode.
std::vector<FoldedStep> plan_folded_steps(int64_t context);

/// Writes the folded graphs below `folder`, each with its own small .bin, and records in `manifest` which
/// bytes of openvino_model.bin they take. Weights that only they have are appended to it. Does nothing for
/// --context 0. Errors: verification, io, no_space; unsupported when the layers cannot be folded.
void write_folded_graphs(const ModelConfig& config, const CompressedWeights& weights,
                         const BakeOptions& options, const std::filesystem::path& folder, Manifest& manifest,
                         Reporter& reporter);

}  // namespace ovenbird
