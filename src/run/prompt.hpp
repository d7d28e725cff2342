#pragma once
// Fitting a prompt into the static window.

#include <cstdint>
#include <vector>

namespace ovenbird {

enum class LongPrompt { truncate, error };

/// Drops the oldest tokens of a prompt that is longer than the window: its end holds the question and the
/// mark at which the answer starts. Returns how many were dropped. Errors: usage when `policy` forbids it, or
/// the prompt is empty.
int64_t fit_prompt(std::vector<int64_t>& ids, int64_t window_tokens, LongPrompt policy);

}  // namespace ovenbird
