#pragma once
// Follows one JSON value byte by byte and says where in it the last byte was.

#include <cstddef>
#include <string>
#include <string_view>

namespace ovenbird {

/// Strict JSON (RFC 8259), but for control characters in strings: models write plain new lines there.
class JsonScanner {
public:
    enum class Step { more, done, bad };
    /// After `done` and `bad` nothing may follow. A number of its own is never done: see may_end. Nesting
    /// deeper than 200 is bad.
    Step take(char byte);
    /// Open objects and arrays.
    size_t depth() const { return open_.size(); }
    /// Between the quotes of a string, the first quote included.
    bool in_string() const { return state_ == State::string || is_escape(); }
    bool in_key() const { return in_string() && key_; }
    /// A value comes next.
    bool before_value() const { return state_ == State::value || state_ == State::first_value; }
    /// A value is complete, and what is around it is not.
    bool behind_value() const { return state_ == State::behind; }
    /// What came is a whole value.
    bool may_end() const;

private:
    enum class State {
        value,
        first_value,  // or the end of an empty array
        first_key,    // or the end of an empty object
        key,
        colon,
        behind,
        string,
        escape,
        hex,
        word,
        minus,
        zero,
        whole,
        dot,
        fraction,
        exponent,
        exponent_sign,
        exponent_digits,
        done,
        bad,
    };
    bool is_escape() const { return state_ == State::escape || state_ == State::hex; }
    bool in_number() const { return state_ >= State::minus && state_ <= State::exponent_digits; }
    State value(char byte);
    State inside_string(char byte);
    State number(char byte) const;
    State behind(char byte);
    State closed();
    State opened(char bracket, State next);
    State next(char byte);

    State state_ = State::value;
    std::string open_;       // '{' and '['
    std::string_view word_;  // what is missing of true, false, null
    int hex_digits_ = 0;
    bool key_ = false;
};

/// A whole JSON value and nothing else but blanks around it; strict also in its strings.
bool is_json(std::string_view text);

/// The byte as it stands in a JSON string: quotes, backslashes and control characters escaped.
std::string json_escaped(char byte);
/// With quotes. Bytes that are no UTF-8 stay as they are.
std::string json_quoted(std::string_view text);

}  // namespace ovenbird
