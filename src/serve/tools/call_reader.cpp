#include "serve/tools/call_reader.hpp"

#include <algorithm>
#include <utility>

#include "serve/tools/marks.hpp"

namespace ovenbird {

CallReader::CallReader(const Json& tools, Opening opening)
    : functions_(tools), opening_(std::move(opening)), at_start_(opening_.bare) {
    for (const auto& mark : opening_.marks)
        first_bytes_ += mark.front();
}

ToolCallReader::Piece CallReader::push(std::string_view text) {
    for (size_t at = 0; at < text.size(); ++at) {
        if (!inside_ && !at_start_ && !behind_call_ && begun_.empty()) {
            const size_t next = std::min(text.find_first_of(first_bytes_, at), text.size());
            piece_.text += text.substr(at, next - at);
            at = next;
            if (at == text.size()) break;
        }
        feed(text[at]);
    }
    return std::exchange(piece_, {});
}

ToolCallReader::Piece CallReader::finish() {
    if (inside_ && !calling_ && holds_text()) release();
    if (!inside_ && !held_.empty()) release();  // blanks at the start
    for (const char byte : begun_)
        pass(byte);
    begun_.clear();
    blanks_.clear();
    held_.clear();
    inside_ = calling_ = false;
    return std::exchange(piece_, {});
}

void CallReader::feed(char byte) {
    if (inside_) {
        feed_inside(byte);
    } else {
        feed_text(byte);
    }
}

void CallReader::feed_inside(char byte) {
    const bool holds = !calling_;
    if (holds) held_ += byte;
    const Step step = take(byte);
    if (step == Step::more) return;
    inside_ = calling_ = false;
    if (step == Step::end) {
        held_.clear();
        return;
    }
    if (holds) held_.pop_back();
    if (step == Step::text) {
        if (!held_.empty()) release();
    } else {
        for (const char old : std::exchange(held_, {}))
            feed(old);
    }
    feed(byte);
}

void CallReader::feed_text(char byte) {
    if (at_start_) {
        held_ += byte;
        if (is_blank(byte)) return;
        at_start_ = false;
        if (byte == '{') {
            open(kBare);
            return;
        }
        held_.pop_back();
        release();
    }
    begun_ += byte;
    for (size_t i = 0; i < opening_.marks.size(); ++i) {
        if (begun_ != opening_.marks[i]) continue;
        held_ = std::exchange(begun_, {});
        open(i);
        return;
    }
    const size_t kept = begun_bytes(begun_, opening_.marks);
    for (size_t i = 0; i < begun_.size() - kept; ++i)
        pass(begun_[i]);
    begun_.erase(0, begun_.size() - kept);
}

void CallReader::open(size_t mark) {
    inside_ = true;
    opened(mark);
}

void CallReader::pass(char byte) {
    if (behind_call_ && is_blank(byte)) {
        blanks_ += byte;
        return;
    }
    piece_.text += std::exchange(blanks_, {});
    piece_.text += byte;
    behind_call_ = false;
}

void CallReader::release() {
    piece_.text += std::exchange(blanks_, {});
    piece_.text += std::exchange(held_, {});
    behind_call_ = false;
}

void CallReader::begin_call(const std::string& name, const std::string& id) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    held_.clear();
    blanks_.clear();
    std::string own = id;
    if (own.empty()) {
        own = opening_.id_prefix;
        std::uniform_int_distribution<size_t> letter(0, kLetters.size() - 1);
        for (size_t i = 0; i < opening_.id_letters; ++i)
            own += kLetters[letter(random_)];
    }
    piece_.calls.push_back({calls_++, std::move(own), name, ""});
    calling_ = true;
    behind_call_ = true;
}

void CallReader::add_arguments(std::string_view text) {
    if (text.empty()) return;
    if (piece_.calls.empty() || piece_.calls.back().index != calls_ - 1)
        piece_.calls.push_back({calls_ - 1, "", "", ""});
    piece_.calls.back().arguments += text;
}

void CallReader::end_call() {
    calling_ = false;
}

}  // namespace ovenbird
