#include "serve/tools/json_scanner.hpp"

#include <fmt/format.h>

#include "serve/tools/marks.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostDepth = 200;  // what parse_json takes

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

bool is_hex_digit(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

}  // namespace

JsonScanner::State JsonScanner::closed() {
    return open_.empty() ? State::done : State::behind;
}

JsonScanner::State JsonScanner::opened(char bracket, State next) {
    if (open_.size() == kMostDepth) return State::bad;
    open_ += bracket;
    return next;
}

JsonScanner::State JsonScanner::value(char byte) {
    switch (byte) {
        case '{':
            return opened('{', State::first_key);
        case '[':
            return opened('[', State::first_value);
        case '"':
            key_ = false;
            return State::string;
        case 't':
            word_ = "rue";
            return State::word;
        case 'f':
            word_ = "alse";
            return State::word;
        case 'n':
            word_ = "ull";
            return State::word;
        case '-':
            return State::minus;
        case '0':
            return State::zero;
        default:
            return is_digit(byte) ? State::whole : State::bad;
    }
}

JsonScanner::State JsonScanner::inside_string(char byte) {
    if (state_ == State::string) {
        if (byte == '\\') return State::escape;
        if (byte != '"') return State::string;
        return key_ ? State::colon : closed();
    }
    if (state_ == State::escape) {
        if (byte != 'u')
            return std::string_view("\"\\/bfnrt").find(byte) != std::string_view::npos ? State::string
                                                                                       : State::bad;
        hex_digits_ = 0;
        return State::hex;
    }
    if (!is_hex_digit(byte)) return State::bad;
    return ++hex_digits_ == 4 ? State::string : State::hex;
}

// State::bad where the number has ended before `byte`, or is none.
JsonScanner::State JsonScanner::number(char byte) const {
    const bool digit = is_digit(byte);
    const bool exponent = byte == 'e' || byte == 'E';
    switch (state_) {
        case State::minus:
            return byte == '0' ? State::zero : digit ? State::whole : State::bad;
        case State::whole:
            if (digit) return State::whole;
            [[fallthrough]];
        case State::zero:
            return byte == '.' ? State::dot : exponent ? State::exponent : State::bad;
        case State::dot:
            return digit ? State::fraction : State::bad;
        case State::fraction:
            return digit ? State::fraction : exponent ? State::exponent : State::bad;
        case State::exponent:
            if (byte == '+' || byte == '-') return State::exponent_sign;
            [[fallthrough]];
        default:
            return digit ? State::exponent_digits : State::bad;
    }
}

JsonScanner::State JsonScanner::behind(char byte) {
    if (is_blank(byte)) return State::behind;
    if (open_.empty()) return State::bad;
    const bool object = open_.back() == '{';
    if (byte == ',') return object ? State::key : State::value;
    if (byte != (object ? '}' : ']')) return State::bad;
    open_.pop_back();
    return closed();
}

JsonScanner::State JsonScanner::next(char byte) {
    if (in_string()) return inside_string(byte);
    if (in_number()) {
        const State state = number(byte);
        return state == State::bad && may_end() ? behind(byte) : state;
    }
    if (state_ == State::word) {
        if (byte != word_.front()) return State::bad;
        word_.remove_prefix(1);
        return word_.empty() ? closed() : State::word;
    }
    if (state_ == State::behind) return behind(byte);
    if (state_ == State::done || state_ == State::bad) return State::bad;
    if (is_blank(byte)) return state_;
    if (state_ == State::colon) return byte == ':' ? State::value : State::bad;
    if (state_ == State::first_key || state_ == State::key) {
        if (byte == '}' && state_ == State::first_key) return behind(byte);
        key_ = true;
        return byte == '"' ? State::string : State::bad;
    }
    if (byte == ']' && state_ == State::first_value) return behind(byte);
    return value(byte);
}

JsonScanner::Step JsonScanner::take(char byte) {
    state_ = next(byte);
    if (state_ == State::bad) return Step::bad;
    return state_ == State::done ? Step::done : Step::more;
}

bool JsonScanner::may_end() const {
    switch (state_) {
        case State::zero:
        case State::whole:
        case State::fraction:
        case State::exponent_digits:
        case State::done:
            return true;
        case State::behind:
            return open_.empty();
        default:
            return false;
    }
}

bool is_json(std::string_view text) {
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    JsonScanner scanner;
    for (const char byte : text) {
        const bool control = scanner.in_string() && static_cast<unsigned char>(byte) < 0x20;
        if (control || scanner.take(byte) == JsonScanner::Step::bad) return false;
    }
    return scanner.may_end();
}

std::string json_escaped(char byte) {
    switch (byte) {
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        default:
            break;
    }
    if (static_cast<unsigned char>(byte) >= 0x20) return std::string(1, byte);
    return fmt::format("\\u{:04x}", static_cast<unsigned char>(byte));
}

std::string json_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char byte : text)
        quoted += json_escaped(byte);
    return quoted + '"';
}

}  // namespace ovenbird
