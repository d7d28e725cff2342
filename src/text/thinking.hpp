#pragma once
// What a reasoning model writes between marks before its answer, told apart while the text comes.

#include <optional>
#include <string>
#include <string_view>

#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

/// The marks of one model.
struct ThinkingMarks {
    std::string begin;  // "<think>"
    std::string end;    // "</think>"
    bool open = false;  // the prompt ends with `begin`: the answer starts inside
};

/// The marks that the template writes or looks for, or that are single tokens of the vocabulary; nothing for
/// a model that does not reason so. `prompt` is the rendered text.
std::optional<ThinkingMarks> thinking_marks(const ChatTemplate& chat, const Tokenizer& tokenizer,
                                            std::string_view prompt);

/// Text in pieces, taken apart. Only marks at the answer's beginning count: a model that writes about them
/// later is not thinking.
class ThinkingSplitter {
public:
    struct Piece {
        std::string thinking;
        std::string answer;
    };
    /// Without marks everything is the answer.
    explicit ThinkingSplitter(const std::optional<ThinkingMarks>& marks);
    /// What is certain now.
    Piece push(std::string_view text);
    /// What was held back, when no more comes.
    Piece finish();

private:
    enum class Where { before, inside, behind, answer };
    Where where_;
    ThinkingMarks marks_;  // empty where there are none
    std::string held_;
};

}  // namespace ovenbird
