#pragma once
// The tokens of several conversations, so that whichever goes on begins with the very ids that were computed.

#include <deque>
#include <string>
#include <vector>

#include "run/spoken_tokens.hpp"

namespace ovenbird {

/// Keeps those that were said last.
class SpokenConversations {
public:
    explicit SpokenConversations(size_t most) : most_(most) {}

    /// As SpokenTokens::encode(), behind whichever conversation shares the longest beginning with the text.
    SpokenTokens::Encoded encode(const Tokenizer& tokenizer, const std::string& text);
    /// What was sent last, and what was generated behind it. Takes the place of the conversation that it goes
    /// on with.
    void keep(const Tokenizer& tokenizer, SpokenTokens::Encoded sent, const std::vector<int64_t>& generated);

private:
    size_t closest(const std::string& text) const;

    size_t most_;
    std::deque<SpokenTokens> conversations_;  // the last one first
};

}  // namespace ovenbird
