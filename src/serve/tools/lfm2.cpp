#include <cctype>

#include "serve/tools/call_reader.hpp"
#include "serve/tools/formats.hpp"
#include "serve/tools/marks.hpp"
#include "serve/tools/python_value.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostNameBytes = 256;

bool is_name(char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' || byte == '.' || byte == '-';
}

class Lfm2Reader : public CallReader {
public:
    explicit Lfm2Reader(const Json& tools) : CallReader(tools, {.marks = {"<|tool_call_start|>"}}) {}

protected:
    void opened(size_t) override {
        where_ = Where::list;
        tail_.restart();
    }

    Step take(char byte) override {
        switch (where_) {
            case Where::list:
                return take_list(byte);
            case Where::name:
                return take_name(byte);
            case Where::key:
                return take_key(byte);
            case Where::value:
                return take_value(byte);
            case Where::comma:
                return take_comma(byte);
            case Where::behind:
                return take_behind(byte);
            case Where::tail:
                break;
        }
        const auto step = tail_.take(byte);
        if (step == MarkMatcher::Step::failed) return Step::again;
        return step == MarkMatcher::Step::matched ? Step::end : Step::more;
    }

    bool holds_text() const override { return where_ != Where::behind && where_ != Where::tail; }

private:
    enum class Where { list, name, key, value, comma, behind, tail };

    void start_name() {
        name_.clear();
        where_ = Where::name;
    }

    Step take_list(char byte) {
        if (byte == '[') start_name();
        return byte == '[' || is_blank(byte) ? Step::more : Step::text;
    }

    Step take_name(char byte) {
        if (byte == '(') {
            if (!functions().knows(name_)) return Step::text;
            key_.clear();
            begun_ = false;
            where_ = Where::key;
            return Step::more;
        }
        if (name_.empty() && is_blank(byte)) return Step::more;
        if (!is_name(byte) || name_.size() == kMostNameBytes) return Step::text;
        name_ += byte;
        return Step::more;
    }

    // Arguments by position are no call: which parameter they are is not known.
    Step take_key(char byte) {
        if (is_blank(byte)) return Step::more;
        if (byte == ')' && key_.empty()) {
            if (!begun_) begin_call(name_, "");
            if (!begun_) add_arguments("{");
            return end_arguments();
        }
        if (byte == '=' && !key_.empty()) {
            if (!begun_) begin_call(name_, "");
            add_arguments((begun_ ? ", " : "{") + json_quoted(key_) + ": ");
            begun_ = true;
            value_ = PythonValue();
            where_ = Where::value;
            return Step::more;
        }
        if (!is_name(byte) || key_.size() == kMostNameBytes) return Step::text;
        key_ += byte;
        return Step::more;
    }

    Step end_arguments() {
        add_arguments("}");
        end_call();
        where_ = Where::behind;
        return Step::more;
    }

    Step take_value(char byte) {
        std::string json;
        const auto step = value_.take(byte, json);
        add_arguments(json);
        if (step == PythonValue::Step::bad) return Step::text;
        if (step == PythonValue::Step::more) return Step::more;
        where_ = Where::comma;
        return step == PythonValue::Step::done ? Step::more : take_comma(byte);
    }

    Step take_comma(char byte) {
        if (byte == ')') return end_arguments();
        if (byte == ',') {
            key_.clear();
            where_ = Where::key;
        }
        return byte == ',' || is_blank(byte) ? Step::more : Step::text;
    }

    Step take_behind(char byte) {
        if (byte == ',') start_name();
        if (byte == ']') {
            forget_held();
            where_ = Where::tail;
        }
        return byte == ',' || byte == ']' || is_blank(byte) ? Step::more : Step::again;
    }

    MarkMatcher tail_{{"<|tool_call_end|>"}};
    Where where_ = Where::list;
    bool begun_ = false;
    std::string name_;
    std::string key_;
    PythonValue value_;
};

}  // namespace

std::unique_ptr<ToolCallReader> make_lfm2_reader(const Json& tools) {
    return std::make_unique<Lfm2Reader>(tools);
}

}  // namespace ovenbird
