#pragma once
// A text in windows of tokens, each of them read from its own start.

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/tokenizer.hpp"

namespace ovenbird {

using Sequence = std::vector<int64_t>;

struct TextWindows {
    std::vector<Sequence> windows;  // of two tokens at least; BOS first where the tokenizer adds it
    int64_t text_tokens = 0;        // of the text, those that are in windows
    /// Tokens that are predicted: all but the first of each window.
    int64_t scored_tokens() const;
};

/// What the tokenizer puts in front of every text (BOS), often nothing.
Sequence leading_tokens(const Tokenizer& tokenizer);

/// Cuts `ids` into windows of at most `window` tokens, `leading` in front of each; the last may be shorter.
/// At most `most_tokens` tokens of the text are taken. What is left over and too short to predict a token is
/// left out. Errors: usage (a window too short for a token to be predicted), invalid_input (too few tokens).
TextWindows cut_windows(const Sequence& ids, const Sequence& leading, int64_t window, int64_t most_tokens);

}  // namespace ovenbird
