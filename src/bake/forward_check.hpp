#pragma once
// Runs the dynamic and the static model on the CPU in f32 and compares what they say.

#include <filesystem>
#include <string>

#include "base/json.hpp"

namespace ovenbird {

struct ForwardCheck {
    double largest_difference = 0;  // of a logit, absolute
    double largest_logit = 0;       // of the dynamic model, absolute
    bool same_token = true;         // greedy choice, at every compared row
    double largest_value = 0;       // of what products and norms take, absolute
    std::string largest_node;       // which computes it
    bool agrees() const;
    /// An NPU computes in f16, which ends at 65504.
    bool overflows_half() const;
    /// The --activations-scale-factor that brings the largest value to a quarter of f16's range.
    int64_t scale_factor() const;
};

/// Two prompts of pseudo-random tokens, one short (padded on the right in the static model) and one that
/// fills the window. Errors: device, verification (NaN logits).
ForwardCheck check_forward(const std::filesystem::path& dynamic_xml, const std::filesystem::path& static_xml,
                           int64_t seq_len);

Json to_json(const ForwardCheck& check);

}  // namespace ovenbird
