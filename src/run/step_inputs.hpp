#pragma once
// What every run of a static graph with a cache is told: tokens, their positions, and which places hold one.

#include <span>
#include "device/tensor.hpp"

namespace ovenbird {

/// input_ids and position_ids i64 [1, tokens], attention_mask i64 [1, past + tokens]: explicit right padding,
/// never another shape.
struct StepInputs {
    StepInputs() = default;
    StepInputs(int64_t tokens, int64_t past);

    /// `ids`: 1 … tokens new ones, behind `kept` others.
    void fill(std::span<const int64_t> ids, int64_t kept, int64_t pad_id);

    Tensor ids, positions, mask;
};

}  // namespace ovenbird
