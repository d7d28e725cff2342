#include "serve/api/answer_parts.hpp"

#include <utility>

namespace ovenbird {

std::string AnswerParts::take(const Delta& delta) {
    std::string frames;
    if (!delta.thinking.empty()) {
        if (kind_ != Kind::thinking) {
            frames += go_to(Kind::thinking);
            frames += open_thinking();
        }
        frames += more(Kind::thinking, delta.thinking, {});
    }
    frames += take_text(delta);
    for (const auto& piece : delta.tool_calls)
        frames += take_call(piece);
    return frames;
}

std::string AnswerParts::close(bool cut) {
    std::string frames;
    if (kind_ != Kind::none) frames = shut(kind_, cut);
    kind_ = Kind::none;
    held_.clear();
    held_tokens_.clear();
    return frames;
}

std::string AnswerParts::go_to(Kind kind) {
    std::string frames = close(false);
    kind_ = kind;
    return frames;
}

// Models write line breaks between their thoughts and calls: they are no text of their own.
std::string AnswerParts::take_text(const Delta& delta) {
    if (delta.content.empty() && delta.tokens.empty()) return "";
    if (kind_ == Kind::text) return more(Kind::text, delta.content, delta.tokens);
    held_ += delta.content;
    held_tokens_.insert(held_tokens_.end(), delta.tokens.begin(), delta.tokens.end());
    if (held_.find_first_not_of(" \t\r\n") == std::string::npos) return "";
    const std::string text = std::exchange(held_, "");
    const auto tokens = std::exchange(held_tokens_, {});
    std::string frames = go_to(Kind::text);
    frames += open_text();
    return frames + more(Kind::text, text, tokens);
}

std::string AnswerParts::take_call(const ToolCallPiece& piece) {
    std::string frames;
    if (kind_ != Kind::call || piece.index != call_) {
        frames += go_to(Kind::call);
        call_ = piece.index;
        frames += open_call(piece.id, piece.name);
    }
    if (!piece.arguments.empty()) frames += more(Kind::call, piece.arguments, {});
    return frames;
}

}  // namespace ovenbird
