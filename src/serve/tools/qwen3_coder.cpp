#include "serve/tools/call_reader.hpp"
#include "serve/tools/formats.hpp"
#include "serve/tools/json_scanner.hpp"
#include "serve/tools/marks.hpp"
#include "serve/tools/schema_value.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostNameBytes = 256;

class QwenCoderReader : public CallReader {
public:
    explicit QwenCoderReader(const Json& tools)
        : CallReader(tools, {.marks = {"<function=", "<tool_call>"}}) {}

protected:
    void opened(size_t mark) override {
        name_.clear();
        function_.restart();
        where_ = mark == 0 ? Where::name : Where::wrapper;
    }

    Step take(char byte) override {
        switch (where_) {
            case Where::wrapper:
                return take_wrapper(byte);
            case Where::name:
                return take_name(byte);
            case Where::between:
                return take_between(byte);
            case Where::key:
                return take_key(byte);
            case Where::value:
                take_value(byte);
                return Step::more;
            case Where::tail:
                break;
        }
        const auto step = tail_.take(byte);
        if (step == MarkMatcher::Step::failed) return Step::again;
        return step == MarkMatcher::Step::matched ? Step::end : Step::more;
    }

    bool holds_text() const override { return where_ != Where::tail; }

private:
    enum class Where { wrapper, name, between, key, value, tail };

    Step take_wrapper(char byte) {
        const auto step = function_.take(byte);
        if (step == MarkMatcher::Step::matched) where_ = Where::name;
        return step == MarkMatcher::Step::failed ? Step::text : Step::more;
    }

    Step take_name(char byte) {
        if (byte == '>') {
            if (!functions().knows(name_)) return Step::text;
            begin_call(name_, "");
            add_arguments("{");
            first_ = true;
            inner_.restart();
            where_ = Where::between;
            return Step::more;
        }
        if (byte == '<' || byte == '\n' || name_.size() == kMostNameBytes) return Step::text;
        name_ += byte;
        return Step::more;
    }

    Step take_between(char byte) {
        const auto step = inner_.take(byte);
        if (step == MarkMatcher::Step::failed) return Step::text;
        if (step == MarkMatcher::Step::more) return Step::more;
        if (inner_.mark() == 0) {
            key_.clear();
            where_ = Where::key;
            return Step::more;
        }
        add_arguments("}");
        end_call();
        tail_.restart();
        where_ = Where::tail;
        return Step::more;
    }

    Step take_key(char byte) {
        if (byte == '\n' || key_.size() == kMostNameBytes) return Step::text;
        if (byte != '>') {
            key_ += byte;
            return Step::more;
        }
        add_arguments((first_ ? "" : ", ") + json_quoted(key_) + ": ");
        first_ = false;
        types_ = types_of(functions().parameters(name_), key_);
        plain_ = types_ == std::vector<std::string>{"string"};
        if (plain_) add_arguments("\"");
        value_.clear();
        pending_.clear();
        at_value_start_ = true;
        where_ = Where::value;
        return Step::more;
    }

    // The template writes a new line before and behind the value.
    void take_value(char byte) {
        const bool first = at_value_start_;
        at_value_start_ = false;
        if (first && byte == '\n') return;
        pending_ += byte;
        for (const auto& end : value_ends_) {
            if (pending_ == end) return end_value();
        }
        const size_t kept = begun_bytes(pending_, value_ends_);
        for (const char one : pending_.substr(0, pending_.size() - kept)) {
            if (plain_) {
                add_arguments(json_escaped(one));
            } else {
                value_ += one;
            }
        }
        pending_.erase(0, pending_.size() - kept);
    }

    void end_value() {
        add_arguments(plain_ ? "\"" : json_value_of(value_, types_));
        inner_.restart();
        where_ = Where::between;
    }

    const std::vector<std::string> value_ends_{"</parameter>", "\n</parameter>"};
    MarkMatcher function_{{"<function="}};
    MarkMatcher inner_{{"<parameter=", "</function>"}};
    MarkMatcher tail_{{"</tool_call>"}};
    Where where_ = Where::wrapper;
    bool first_ = true;
    bool plain_ = false;
    bool at_value_start_ = true;
    std::string name_;
    std::string key_;
    std::vector<std::string> types_;
    std::string value_;    // of a parameter that is not plain text
    std::string pending_;  // what may become the value's end
};

}  // namespace

std::unique_ptr<ToolCallReader> make_qwen3_coder_reader(const Json& tools) {
    return std::make_unique<QwenCoderReader>(tools);
}

}  // namespace ovenbird
