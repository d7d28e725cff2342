#pragma once
// The graphs with a key/value cache: static ones for an NPU, in buckets of context, and a stateful dynamic
// one for devices that take dynamic shapes; all over the one weights file.

#include <filesystem>

#include "bake/compress.hpp"
#include "bake/options.hpp"
#include "base/report.hpp"
#include "model/config.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Tokens of a prompt that a prefill graph takes at once.
inline constexpr int64_t kChunkTokens = 128;

/// The context that the graphs can have: --context, at most the model's own positions; 0: none are made.
int64_t cache_context(const BakeOptions& options, const ModelConfig& config);

/// Which static graphs a context needs: for each bucket (256, 512, … and the context itself) one that takes a
/// chunk of the prompt, one that takes a token, and one that verifies a few drafted tokens. All of a bucket
/// take the same inputs past_key_values.*, of one token less than the bucket: the cache need not be copied
/// between them.
std::vector<CacheGraph> plan_cache_graphs(int64_t context);

/// Writes them below `folder`, beside openvino_model.bin, checks each as it was written, and records them.
/// Does nothing for --context 0. Errors: verification, io, no_space.
void write_cache_graphs(const ModelConfig& config, const CompressedWeights& weights,
                        const BakeOptions& options, const std::filesystem::path& folder, Manifest& manifest,
                        Reporter& reporter);

}  // namespace ovenbird
