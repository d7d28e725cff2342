#pragma once
// A stream of deltas as parts of one kind each, one behind the other: thoughts, text, calls. For the APIs
// that frame each part.

#include <string>
#include <vector>

#include "serve/api/call.hpp"

namespace ovenbird {

class AnswerParts {
public:
    AnswerParts() = default;
    AnswerParts(const AnswerParts&) = delete;
    AnswerParts& operator=(const AnswerParts&) = delete;
    virtual ~AnswerParts() = default;

    /// Frames to send.
    std::string take(const Delta& delta);
    /// Ends the part that is open. `cut`: the answer has no room for the rest of it.
    std::string close(bool cut);

protected:
    enum class Kind { none, thinking, text, call };
    // Each returns frames to send; more() and shut() speak of the part that was opened last.
    virtual std::string open_thinking() = 0;
    virtual std::string open_text() = 0;
    virtual std::string open_call(const std::string& id, const std::string& name) = 0;
    virtual std::string more(Kind kind, const std::string& text, const std::vector<TokenNote>& tokens) = 0;
    virtual std::string shut(Kind kind, bool cut) = 0;

private:
    std::string go_to(Kind kind);
    std::string take_text(const Delta& delta);
    std::string take_call(const ToolCallPiece& piece);

    Kind kind_ = Kind::none;
    int64_t call_ = -1;  // the index of the call that is open, or was last
    std::string held_;   // white space in front of a text that may never come
    std::vector<TokenNote> held_tokens_;
};

}  // namespace ovenbird
