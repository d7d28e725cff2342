#include "model/npu_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ovenbird {
namespace {

// Seconds for each MB of compressed weights in a graph that takes them as inputs, over two layers' sizes.
struct Speed {
    int platform;
    double token;
    double chunk;
    double head;
};
constexpr Speed kSpeeds[] = {{3720, 0.24, 0.28, 0.07}, {4000, 0.15, 0.42, 0.14}, {5010, 0.31, 0.36, 0.22}};
constexpr double kGraphSeconds = 1.0;        // of any graph, however small
constexpr double kWholeSecondsPerMb = 0.15;  // of constants in a whole graph, [1, 128], platform 4000
constexpr double kWholeLayerSeconds = 0.4;
constexpr double kGraphMemoryMb = 150;
constexpr double kFoldedMemoryPerMb = 1.8;  // of a layer's weights
constexpr double kWholeMemoryPerMb = 3.8;
constexpr double kBlobShare = 0.1;  // a folded graph's blob over the layer's weights
constexpr double kWholeBlobShare = 1.02;

Speed speed_of(int platform) {
    const auto* found = std::find_if(std::begin(kSpeeds), std::end(kSpeeds),
                                     [&](const Speed& speed) { return speed.platform == platform; });
    return found == std::end(kSpeeds) ? kSpeeds[2] : *found;
}

double mb_of(const WeightRanges& weights) {
    uint64_t bytes = 0;
    for (const auto& [name, range] : weights)
        bytes += range.bytes;
    return static_cast<double>(bytes) / 1e6;
}

// Of the first layer of each kind.
std::vector<double> kinds_mb(const FoldedForm& form) {
    std::set<size_t> seen;
    std::vector<double> sizes;
    for (const auto& layer : form.layers)
        if (seen.insert(layer.kind).second) sizes.push_back(mb_of(layer.weights));
    return sizes;
}

bool has_blobs(const Manifest& manifest, int platform) {
    const auto& first = manifest.folded.steps.front();
    std::vector<std::string> wanted = first.layers;
    wanted.push_back(first.head);
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& graph) {
        return std::any_of(manifest.blobs.begin(), manifest.blobs.end(), [&](const CompiledBlob& blob) {
            return blob.platform == platform && blob.graph == graph && blob.refused.empty();
        });
    });
}

}  // namespace

std::optional<NpuEstimates> estimate_npu(const Manifest& manifest, int platform) {
    const auto& form = manifest.folded;
    if (form.steps.empty() || form.layers.empty()) return std::nullopt;
    const Speed speed = speed_of(platform);
    const double head_mb = mb_of(form.head_weights);
    double all_mb = head_mb;
    for (const auto& layer : form.layers)
        all_mb += mb_of(layer.weights);
    const auto layers = static_cast<double>(form.layers.size());

    NpuEstimates estimates;
    auto& folded = estimates.folded;
    folded.seconds = kGraphSeconds + speed.head * head_mb;
    double blobs_mb = kBlobShare * head_mb;
    double largest = head_mb;
    for (const double mb : kinds_mb(form)) {
        folded.seconds += 2 * kGraphSeconds + (speed.token + speed.chunk) * mb;
        blobs_mb += 2 * kBlobShare * mb;
        largest = std::max(largest, mb);
    }
    folded.memory_mb = kGraphMemoryMb + kFoldedMemoryPerMb * largest;
    folded.device_bytes = static_cast<uint64_t>((all_mb + blobs_mb) * 1e6);
    folded.requests = static_cast<int64_t>(form.layers.size()) + 1;

    auto& whole = estimates.whole;
    whole.seconds = 2 * (kGraphSeconds + kWholeLayerSeconds * layers + kWholeSecondsPerMb * all_mb);
    whole.memory_mb = kGraphMemoryMb + kWholeMemoryPerMb * all_mb;
    whole.device_bytes = static_cast<uint64_t>(2 * kWholeBlobShare * all_mb * 1e6);
    whole.requests = 1;
    return estimates;
}

NpuChoice choose_npu_form(const Manifest& manifest, int platform) {
    const auto estimates = estimate_npu(manifest, platform);
    if (!estimates) return {false, "compiling whole graphs: the folder has no folded ones"};
    if (manifest.graphs.empty() || has_blobs(manifest, platform)) {
        const bool ahead = has_blobs(manifest, platform);
        return {true,
                ahead
                    ? fmt::format("loading the folded graphs that were compiled ahead of time for NPU {}",
                                  platform)
                    : fmt::format("compiling the folded graphs, about {:.0f} s", estimates->folded.seconds)};
    }
    const bool folded = estimates->folded.seconds <= estimates->whole.seconds;
    return {folded, fmt::format("compiling the {} graphs, about {:.0f} s ({:.0f} s for the {} form)",
                                folded ? "folded" : "whole",
                                folded ? estimates->folded.seconds : estimates->whole.seconds,
                                folded ? estimates->whole.seconds : estimates->folded.seconds,
                                folded ? "whole" : "folded")};
}

}  // namespace ovenbird
