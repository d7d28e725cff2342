#include "run/step_inputs.hpp"

#include <algorithm>
#include <numeric>

namespace ovenbird {

StepInputs::StepInputs(int64_t tokens, int64_t past)
    : ids(ElementType::i64, {1, static_cast<size_t>(tokens)}),
      positions(ElementType::i64, {1, static_cast<size_t>(tokens)}),
      mask(ElementType::i64, {1, static_cast<size_t>(past + tokens)}) {}

void StepInputs::fill(std::span<const int64_t> new_ids, int64_t kept, int64_t pad_id) {
    const size_t tokens = ids.size();
    const size_t past = mask.size() - tokens;
    auto* masked = mask.data<int64_t>();
    for (size_t i = 0; i < past + tokens; ++i)
        masked[i] = i < static_cast<size_t>(kept) || (i >= past && i < past + new_ids.size()) ? 1 : 0;
    std::iota(positions.data<int64_t>(), positions.data<int64_t>() + tokens, kept);
    std::fill_n(ids.data<int64_t>(), tokens, pad_id);
    std::copy(new_ids.begin(), new_ids.end(), ids.data<int64_t>());
}

}  // namespace ovenbird
