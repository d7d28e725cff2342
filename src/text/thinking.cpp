#include "text/thinking.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ovenbird {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 5> kKnownMarks{{
    {"<think>", "</think>"},
    {"[THINK]", "[/THINK]"},
    {"<thinking>", "</thinking>"},
    {"<reasoning>", "</reasoning>"},
    {"<|begin_of_thought|>", "<|end_of_thought|>"},
}};
constexpr const char* kBlanks = " \t\r\n";

std::string_view without_blanks_behind(std::string_view text) {
    const size_t last = text.find_last_not_of(kBlanks);
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

// Bytes at the end of `text` that may become `mark`.
size_t begun_bytes(std::string_view text, std::string_view mark) {
    for (size_t bytes = std::min(text.size(), mark.size() - 1); bytes > 0; --bytes) {
        if (text.ends_with(mark.substr(0, bytes))) return bytes;
    }
    return 0;
}

}  // namespace

std::optional<ThinkingMarks> thinking_marks(const ChatTemplate& chat, const Tokenizer& tokenizer,
                                            std::string_view prompt) {
    for (const auto& [begin, end] : kKnownMarks) {
        const bool tokens = tokenizer.token_to_id(begin) && tokenizer.token_to_id(end);
        if (!tokens && !chat.mentions(end)) continue;
        return ThinkingMarks{begin, end, without_blanks_behind(prompt).ends_with(begin)};
    }
    return std::nullopt;
}

ThinkingSplitter::ThinkingSplitter(const std::optional<ThinkingMarks>& marks)
    : where_(!marks        ? Where::answer
             : marks->open ? Where::inside
                           : Where::before),
      marks_(marks.value_or(ThinkingMarks())) {}

ThinkingSplitter::Piece ThinkingSplitter::push(std::string_view text) {
    Piece piece;
    held_ += text;
    if (where_ == Where::before) {
        const size_t start = std::min(held_.find_first_not_of(kBlanks), held_.size());
        const std::string_view rest = std::string_view(held_).substr(start);
        if (rest.starts_with(marks_.begin)) {
            held_.erase(0, start + marks_.begin.size());
            where_ = Where::inside;
        } else if (std::string_view(marks_.begin).starts_with(rest)) {
            return piece;  // it may become the mark
        } else {
            where_ = Where::answer;
        }
    }
    if (where_ == Where::inside) {
        const size_t end = held_.find(marks_.end);
        const size_t certain = end == std::string::npos ? held_.size() - begun_bytes(held_, marks_.end) : end;
        piece.thinking = held_.substr(0, certain);
        held_.erase(0, end == std::string::npos ? certain : end + marks_.end.size());
        if (end == std::string::npos) return piece;
        where_ = Where::behind;
    }
    if (where_ == Where::behind) {
        held_.erase(0, std::min(held_.find_first_not_of(kBlanks), held_.size()));
        if (held_.empty()) return piece;
        where_ = Where::answer;
    }
    piece.answer = std::exchange(held_, {});
    return piece;
}

ThinkingSplitter::Piece ThinkingSplitter::finish() {
    std::string rest = std::exchange(held_, {});
    if (where_ == Where::inside) return {std::move(rest), ""};
    return {"", std::move(rest)};
}

}  // namespace ovenbird
