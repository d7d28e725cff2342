#pragma once
// Drafts without a draft model.

#include <cstdint>
#include <span>
#include <vector>

namespace ovenbird {

/// Prompt lookup decoding (Saxena, 2023): where the last few tokens stood before, what followed them may
/// follow again. At most `most` tokens; none when the last two tokens are new.
std::vector<int64_t> lookup_draft(std::span<const int64_t> window, int64_t most);

}  // namespace ovenbird
