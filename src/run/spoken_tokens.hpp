#pragma once
// The ids of a conversation so far, so that its next prompt begins with the very tokens that a cache holds.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.hpp"

namespace ovenbird {

/// Encoding a model's answer again may give other ids than it generated. This keeps what was sent and what
/// was generated, as text and as ids, and encodes only what is new of a text that begins with it.
class SpokenTokens {
public:
    /// A text and its ids: those kept for its beginning, and new ones for the rest.
    struct Encoded {
        std::string text;
        std::vector<int64_t> ids;
        size_t cuts = 0;  // how many of the places to cut at lie in the kept beginning
    };

    /// Ids that decode to what those of the whole text decode to. Errors: invalid_input (not UTF-8).
    Encoded encode(const Tokenizer& tokenizer, std::string text) const;

    /// From now on, `sent` is what was said.
    void keep(Encoded sent);
    /// So is what a model generated behind it.
    void append(const Tokenizer& tokenizer, const std::vector<int64_t>& generated);
    void clear() { *this = {}; }
    /// How much of the beginning of `text` was said.
    size_t shared_bytes(std::string_view text) const;
    size_t bytes() const { return text_.size(); }

private:
    struct Cut {
        size_t bytes;
        size_t tokens;
    };

    std::string text_;
    std::vector<int64_t> ids_;
    std::vector<Cut> cuts_;  // the first `bytes` of the text are the first `tokens` of the ids
};

}  // namespace ovenbird
