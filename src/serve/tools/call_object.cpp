#include "serve/tools/call_object.hpp"

#include <utility>

#include "serve/tools/marks.hpp"

namespace ovenbird {
namespace {

// Empty where `text` is not a JSON string.
std::string unquoted(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    return json.is_string() ? json.get<std::string>() : "";
}

}  // namespace

void CallObject::begin_if_certain() {
    if (begun_ || name_.empty() || !argued_) return;
    begun_ = true;
    sink_->begin_call(name_, "");
    sink_->add_arguments(std::exchange(early_, {}));
}

void CallObject::argue(std::string_view text) {
    if (begun_) {
        sink_->add_arguments(text);
    } else {
        early_ += text;
    }
}

bool CallObject::value_begins(char byte) {
    value_.clear();
    role_ = Role::other;
    if (key_ == "name" && name_.empty()) {
        role_ = Role::name;
        return byte == '"';
    }
    if ((key_ != "arguments" && key_ != "parameters") || argued_) return true;
    role_ = Role::arguments;
    streams_ = byte == '{';
    argued_ = streams_;  // others are certain only at their end
    begin_if_certain();
    return byte == '{' || byte == '"' || byte == 'n';
}

bool CallObject::value_ends() {
    const Role role = std::exchange(role_, Role::none);
    if (role == Role::name) {
        name_ = unquoted(value_);
        if (!sink_->functions().knows(name_)) return false;
        const bool complete = argued_;  // they came before
        begin_if_certain();
        if (complete) sink_->end_call();
    } else if (role == Role::arguments) {
        if (!streams_) {
            const std::string text = value_ == "null" ? "{}" : unquoted(value_);
            const size_t start = text.find_first_not_of(" \t\r\n");
            if (start == std::string::npos || text[start] != '{' || !is_json(text)) return false;
            argued_ = true;
            begin_if_certain();
            argue(text);
        }
        if (begun_) sink_->end_call();
    }
    return true;
}

JsonScanner::Step CallObject::take(char byte) {
    const bool outer = scanner_.depth() == 1;
    const bool was_key = outer && scanner_.in_key();
    const bool was_string = scanner_.in_string();
    const bool begins = outer && scanner_.before_value() && !is_blank(byte);
    const Step step = scanner_.take(byte);
    if (step == Step::bad) return step;
    if (was_key && scanner_.in_key()) {
        key_ += byte;
    } else if (outer && scanner_.in_key()) {
        key_.clear();
    }
    if (begins && !value_begins(byte)) return Step::bad;
    if (role_ == Role::arguments && streams_) {
        // A plain new line in a string would not be JSON.
        argue(was_string && scanner_.in_string() && static_cast<unsigned char>(byte) < 0x20
                  ? json_escaped(byte)
                  : std::string(1, byte));
    } else if (role_ == Role::name || role_ == Role::arguments) {
        value_ += byte;
    }
    if (role_ != Role::none && scanner_.depth() == 1 && scanner_.behind_value() && !value_ends())
        return Step::bad;
    if (step != Step::done || begun_) return step;
    if (name_.empty() || arguments_needed_) return Step::bad;
    sink_->begin_call(name_, "");
    sink_->add_arguments("{}");
    sink_->end_call();
    return step;
}

}  // namespace ovenbird
