#include "bake/overflow_watch.hpp"

#include <fmt/format.h>

#include "bake/options.hpp"
#include "check/numerics.hpp"
#include "check/ranges.hpp"

namespace ovenbird {

void OverflowWatch::look(CpuReference& model) {
    if (nodes_.empty()) return;
    const Tensor ranges = model.output(kRangesOutput);
    for (size_t i = 0; i < nodes_.size(); ++i) {
        const double value = ranges.data<float>()[i];
        if (value <= largest_) continue;
        largest_ = value;
        largest_node_ = nodes_[i];
    }
}

int64_t OverflowWatch::factor() const {
    if (largest_ <= kLargestHalf / 2) return 1;
    int64_t factor = 1;
    while (largest_ / static_cast<double>(factor) > kLargestHalf / 4 && factor < kLargestScaleFactor)
        factor *= 2;
    return factor;
}

void OverflowWatch::tell(int64_t scale_factor, Manifest& manifest, Reporter& reporter) const {
    manifest.verification["largest_value"] = largest_;
    manifest.verification["largest_node"] = largest_node_;
    if (largest_ <= kLargestHalf) return;
    reporter.warn(fmt::format(
        "{} reaches {:.4g}: an NPU computes in f16, where everything beyond 65504 is infinite; bake with "
        "--activations-scale-factor {}, and see ovenbird check --numerics",
        largest_node_, largest_, factor() * scale_factor));
}

}  // namespace ovenbird
