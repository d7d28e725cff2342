#pragma once
// What compiling for an NPU will take, in either form, told before it is done: from figures that Intel's
// compiler gave on two cores (bench/npu_folded.py, bench/README.md), so that it is an estimate by its nature.

#include <optional>
#include <string>

#include "model/manifest.hpp"

namespace ovenbird {

struct NpuEstimate {
    double seconds = 0;         // to compile what answers a prompt of any length, one graph after the other
    double memory_mb = 0;       // of the compiler, at its peak
    uint64_t device_bytes = 0;  // blobs, and weights where they are no part of them
    int64_t requests = 0;       // inferences a token
};

struct NpuEstimates {
    NpuEstimate whole;   // a graph for tokens and one for chunks, each with all layers and weights
    NpuEstimate folded;  // a graph of a layer for tokens, one for chunks, and the head
};

/// Nothing for a folder without folded graphs: the table of their weights is what is reckoned with. A
/// platform that was not measured is taken for the slowest.
std::optional<NpuEstimates> estimate_npu(const Manifest& manifest, int platform);

/// Which form `run` takes on an NPU, and why, in words for the user.
struct NpuChoice {
    bool folded = false;
    std::string reason;
};

/// Folded where its blobs for this platform are there, otherwise what is compiled sooner. `manifest` must
/// have graphs with a cache.
NpuChoice choose_npu_form(const Manifest& manifest, int platform);

}  // namespace ovenbird
