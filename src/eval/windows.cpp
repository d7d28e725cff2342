#include "eval/windows.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {

int64_t TextWindows::scored_tokens() const {
    int64_t tokens = 0;
    for (const auto& window : windows)
        tokens += static_cast<int64_t>(window.size()) - 1;
    return tokens;
}

Sequence leading_tokens(const Tokenizer& tokenizer) {
    // A text without tokens would not tell what comes before it from what comes behind.
    const Sequence with = tokenizer.encode("a", true);
    const Sequence plain = tokenizer.encode("a", false);
    const auto text = std::search(with.begin(), with.end(), plain.begin(), plain.end());
    return text == with.end() ? Sequence() : Sequence(with.begin(), text);
}

TextWindows cut_windows(const Sequence& ids, const Sequence& leading, int64_t window, int64_t most_tokens) {
    const auto room = window - static_cast<int64_t>(leading.size());
    if (window < 2 || room < 1)
        fail(ErrorCode::usage, "--window {} is too short: a token is predicted from one before it", window);
    const auto count = std::min(static_cast<int64_t>(ids.size()), most_tokens);
    TextWindows text;
    for (int64_t from = 0; from < count; from += room) {
        const int64_t tokens = std::min(room, count - from);
        if (tokens + static_cast<int64_t>(leading.size()) < 2) break;
        Sequence& next = text.windows.emplace_back(leading);
        next.insert(next.end(), ids.begin() + from, ids.begin() + from + tokens);
        text.text_tokens += tokens;
    }
    if (text.windows.empty())
        fail(ErrorCode::invalid_input,
             "the text has {} token{}: too few to predict one; give a longer text with --text or a larger "
             "--tokens",
             count, count == 1 ? "" : "s");
    return text;
}

}  // namespace ovenbird
