#include "run/prompt.hpp"

#include "base/error.hpp"

namespace ovenbird {

int64_t fit_prompt(std::vector<int64_t>& ids, int64_t window_tokens, LongPrompt policy) {
    if (ids.empty()) fail(ErrorCode::usage, "the prompt is empty: there is nothing to answer");
    const auto length = static_cast<int64_t>(ids.size());
    if (length <= window_tokens) return 0;
    if (policy == LongPrompt::error) {
        fail(ErrorCode::usage,
             "the prompt has {} tokens and the model's window {}; shorten it, use --on-long-prompt truncate, "
             "or "
             "bake with a larger window (--context; --seq-len without a cache)",
             length, window_tokens);
    }
    const int64_t dropped = length - window_tokens;
    ids.erase(ids.begin(), ids.begin() + dropped);
    return dropped;
}

}  // namespace ovenbird
