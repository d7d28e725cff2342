#include "serve/tools/json_calls.hpp"

#include <utility>

namespace ovenbird {
namespace {

std::vector<bool> opening_arrays(const std::vector<std::string>& marks) {
    std::vector<bool> arrays;
    arrays.reserve(marks.size());
    for (const auto& mark : marks)
        arrays.push_back(mark.back() == '[');
    return arrays;
}

}  // namespace

JsonCalls::JsonCalls(const Json& tools, const Opening& opening, std::vector<std::string> closers,
                     char between)
    : CallReader(tools, opening),
      opens_array_(opening_arrays(opening.marks)),
      closers_(std::move(closers)),
      between_(between) {}

void JsonCalls::opened(size_t mark) {
    where_ = Where::before;
    bare_ = mark == kBare;
    array_ = !bare_ && opens_array_[mark];
    if (bare_) start_object();
}

void JsonCalls::start_object() {
    object_ = CallObject(*this, bare_);
    object_.take('{');
    where_ = Where::object;
}

CallReader::Step JsonCalls::take(char byte) {
    switch (where_) {
        case Where::before:
            return take_before(byte);
        case Where::object:
            return take_object(byte);
        case Where::behind:
            return take_behind(byte);
        case Where::closing:
            break;
    }
    return take_closing(byte);
}

CallReader::Step JsonCalls::take_before(char byte) {
    if (is_blank(byte)) return Step::more;
    if (byte == '{') {
        start_object();
        return Step::more;
    }
    if (byte != '[' || array_) return Step::text;
    array_ = true;
    return Step::more;
}

CallReader::Step JsonCalls::take_object(char byte) {
    const auto step = object_.take(byte);
    if (step == JsonScanner::Step::bad) return Step::text;
    if (step == JsonScanner::Step::done) {
        forget_held();
        where_ = Where::behind;
    }
    return Step::more;
}

CallReader::Step JsonCalls::take_behind(char byte) {
    if (array_) {
        if (is_blank(byte)) return Step::more;
        if (byte == ',') {
            where_ = Where::before;
            return Step::more;
        }
        if (byte != ']') return Step::again;
        forget_held();
    } else {
        if (is_blank(byte)) return Step::more;
        if (byte == '{') {
            start_object();
            return Step::more;
        }
        if (between_ != '\0' && byte == between_) {
            where_ = Where::before;
            return Step::more;
        }
    }
    where_ = Where::closing;
    closers_.restart();
    return std::exchange(array_, false) ? Step::more : take_closing(byte);
}

CallReader::Step JsonCalls::take_closing(char byte) {
    switch (closers_.take(byte)) {
        case MarkMatcher::Step::more:
            return Step::more;
        case MarkMatcher::Step::matched:
            return Step::end;
        case MarkMatcher::Step::failed:
            break;
    }
    return Step::again;
}

bool JsonCalls::holds_text() const {
    return where_ == Where::before || where_ == Where::object;
}

}  // namespace ovenbird
