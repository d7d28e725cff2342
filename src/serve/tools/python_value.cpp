#include "serve/tools/python_value.hpp"

#include <utility>

#include "serve/tools/marks.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostDepth = 200;
constexpr size_t kMostWordBytes = 512;

bool ends_word(char byte) {
    return is_blank(byte) || byte == ',' || byte == ')' || byte == ']' || byte == '}' || byte == ':';
}

// Empty where it is none.
std::string json_word(const std::string& word) {
    if (word == "True") return "true";
    if (word == "False") return "false";
    if (word == "None") return "null";
    return is_json(word) ? word : "";
}

}  // namespace

PythonValue::Step PythonValue::ended(Step whole) {
    where_ = Where::behind;
    return open_.empty() ? whole : Step::more;
}

PythonValue::Step PythonValue::take(char byte, std::string& json) {
    switch (where_) {
        case Where::value:
            return take_value(byte, json);
        case Where::string:
        case Where::escape:
        case Where::hex:
            return take_string(byte, json);
        case Where::word:
            return take_word(byte, json);
        case Where::behind:
            break;
    }
    return take_behind(byte, json);
}

PythonValue::Step PythonValue::take_value(char byte, std::string& json) {
    if (is_blank(byte)) return Step::more;
    if (byte == ']' || byte == ')' || byte == '}') return take_behind(byte, json);
    if (std::exchange(comma_, false)) json += ", ";
    const bool text = byte == '"' || byte == '\'';
    if (!open_.empty() && open_.back() == '{' && !text) return Step::bad;  // JSON's keys are text
    if (text) {
        quote_ = byte;
        json += '"';
        where_ = Where::string;
    } else if (byte == '[' || byte == '(' || byte == '{') {
        if (open_.size() == kMostDepth) return Step::bad;
        open_ += byte;
        empty_ = true;
        json += byte == '{' ? '{' : '[';
    } else {
        word_ = byte;
        where_ = Where::word;
        return ends_word(byte) ? Step::bad : Step::more;
    }
    if (text) empty_ = false;
    return Step::more;
}

PythonValue::Step PythonValue::take_string(char byte, std::string& json) {
    if (where_ == Where::hex) {
        if (std::string_view("0123456789abcdefABCDEF").find(byte) == std::string_view::npos) return Step::bad;
        json += byte;
        if (--hex_digits_ == 0) where_ = Where::string;
        return Step::more;
    }
    if (where_ == Where::string) {
        if (byte == quote_) {
            json += '"';
            return ended(Step::done);
        }
        if (byte == '\\') {
            where_ = Where::escape;
        } else {
            json += json_escaped(byte);
        }
        return Step::more;
    }
    where_ = Where::string;
    if (byte == 'x' || byte == 'u') {
        json += byte == 'x' ? "\\u00" : "\\u";
        hex_digits_ = byte == 'x' ? 2 : 4;
        where_ = Where::hex;
    } else if (byte == '\'') {
        json += byte;
    } else if (std::string_view("\"\\bfnrt").find(byte) != std::string_view::npos) {
        json += '\\';
        json += byte;
    } else if (byte != '\n') {  // a backslash at a line's end joins two lines; before others it is itself
        json += "\\\\" + json_escaped(byte);
    }
    return Step::more;
}

PythonValue::Step PythonValue::take_word(char byte, std::string& json) {
    if (!ends_word(byte)) {
        if (word_.size() == kMostWordBytes) return Step::bad;
        word_ += byte;
        return Step::more;
    }
    const std::string word = json_word(word_);
    if (word.empty()) return Step::bad;
    json += word;
    empty_ = false;
    const Step step = ended(Step::before);
    return step == Step::before ? step : take_behind(byte, json);
}

PythonValue::Step PythonValue::take_behind(char byte, std::string& json) {
    if (is_blank(byte)) return Step::more;
    if (open_.empty()) return Step::bad;
    const char inner = open_.back();
    if (byte == ':' && inner == '{' && where_ == Where::behind) {
        json += ": ";
        open_.back() = ':';
        where_ = Where::value;
        return Step::more;
    }
    const bool dict = inner == ':' || inner == '{';
    if (byte == ',') {
        if (inner == '{') return Step::bad;
        if (inner == ':') open_.back() = '{';
        comma_ = true;
        where_ = Where::value;
        return Step::more;
    }
    if (byte != (dict ? '}' : inner == '[' ? ']' : ')')) return Step::bad;
    // Only behind a value, a comma, or nothing at all.
    if (where_ == Where::value && !comma_ && !empty_) return Step::bad;
    if (where_ == Where::behind && inner == '{') return Step::bad;
    comma_ = empty_ = false;
    json += dict ? '}' : ']';
    open_.pop_back();
    return ended(Step::done);
}

}  // namespace ovenbird
