#pragma once
// Where a model's values come near the end of f16, in which an NPU computes.

#include <string>
#include <vector>

#include "base/report.hpp"
#include "device/cpu_reference.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Keeps the largest value that a model watched by watch_ranges() has seen.
class OverflowWatch {
public:
    explicit OverflowWatch(std::vector<std::string> nodes) : nodes_(std::move(nodes)) {}

    /// After each run.
    void look(CpuReference& model);

    /// The power of two that brings what was seen to a quarter of f16's range, where it exceeds half of it:
    /// other texts may reach more. 1 elsewhere.
    int64_t factor() const;

    /// Notes it in the manifest; where it exceeds f16, warns and names the --activations-scale-factor that
    /// brings it to a quarter of f16's range. `scale_factor`: the one that was baked with.
    void tell(int64_t scale_factor, Manifest& manifest, Reporter& reporter) const;

    double largest() const { return largest_; }
    const std::string& largest_node() const { return largest_node_; }

private:
    std::vector<std::string> nodes_;
    double largest_ = 0;
    std::string largest_node_;
};

}  // namespace ovenbird
