#pragma once
// Runs the dynamic and the static model on the CPU in f32 and compares what they say.

#include <filesystem>

#include "base/json.hpp"

namespace ovenbird {

struct ForwardCheck {
    double largest_difference = 0;  // of a logit, absolute
    double largest_logit = 0;       // of the dynamic model, absolute
    bool same_token = true;         // greedy choice, at every compared row
    bool agrees() const;
};

/// Two prompts of pseudo-random tokens, one short (padded on the right in the static model) and one that
/// fills the window. Errors: device, verification (NaN logits).
ForwardCheck check_forward(const std::filesystem::path& dynamic_xml, const std::filesystem::path& static_xml,
                           int64_t seq_len);

Json to_json(const ForwardCheck& check);

}  // namespace ovenbird
