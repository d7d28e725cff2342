#include "serve/tools/formats.hpp"
#include "serve/tools/marks.hpp"
#include "serve/tools/named_call.hpp"

namespace ovenbird {
namespace {

constexpr const char* kCallsBegin = "<｜tool▁calls▁begin｜>";
constexpr const char* kCallsEnd = "<｜tool▁calls▁end｜>";
constexpr const char* kCallBegin = "<｜tool▁call▁begin｜>";
constexpr const char* kCallEnd = "<｜tool▁call▁end｜>";
constexpr std::string_view kSeparator = "<｜tool▁sep｜>";
constexpr size_t kMostHeadBytes = 256;

class DeepseekReader : public CallReader {
public:
    // A model may forget the outer mark.
    explicit DeepseekReader(const Json& tools) : CallReader(tools, {.marks = {kCallsBegin, kCallBegin}}) {}

protected:
    void opened(size_t mark) override {
        calls_begin_.restart();
        where_ = Where::calls;
        if (mark == 1) start_head();
    }

    Step take(char byte) override {
        switch (where_) {
            case Where::calls:
                return take_mark(byte);
            case Where::head:
                return take_head(byte);
            case Where::name:
                return take_name(byte);
            case Where::fence:
                return take_fence(byte);
            case Where::arguments:
                return take_arguments(byte);
            case Where::tail:
                break;
        }
        return take_tail(byte);
    }

    bool holds_text() const override { return where_ != Where::tail; }

private:
    enum class Where { calls, head, name, fence, arguments, tail };

    void start_head() {
        head_.clear();
        name_.clear();
        call_ = NamedCall(*this);
        where_ = Where::head;
    }

    Step take_mark(char byte) {
        const auto step = calls_begin_.take(byte);
        if (step == MarkMatcher::Step::matched) start_head();
        return step == MarkMatcher::Step::failed ? Step::text : Step::more;
    }

    // "function" before the separator, or the name.
    Step take_head(char byte) {
        head_ += byte;
        if (head_.ends_with(kSeparator)) {
            head_.resize(head_.size() - kSeparator.size());
            where_ = Where::name;
        } else if (byte == '\n' || head_.size() > kMostHeadBytes) {
            return Step::text;
        }
        return Step::more;
    }

    Step take_name(char byte) {
        if (byte == '{' && name_.empty()) {
            name_ = head_;
            return take_arguments(byte);
        }
        if (byte == '\n') {
            fence_.restart();
            where_ = Where::fence;
            return functions().knows(name_) ? Step::more : Step::text;
        }
        if (name_.size() == kMostHeadBytes) return Step::text;
        if (!is_blank(byte)) name_ += byte;
        return Step::more;
    }

    Step take_fence(char byte) {
        if (byte == '{') return take_arguments(byte);
        const auto step = fence_.take(byte);
        return step == MarkMatcher::Step::failed ? Step::text : Step::more;
    }

    Step take_arguments(char byte) {
        where_ = Where::arguments;
        const auto step = call_.take(byte, name_);
        if (step == JsonScanner::Step::bad) return Step::text;
        if (step == JsonScanner::Step::done) {
            where_ = Where::tail;
            tail_.restart();
        }
        return Step::more;
    }

    Step take_tail(char byte) {
        const auto step = tail_.take(byte);
        if (step == MarkMatcher::Step::failed) return Step::again;
        if (step == MarkMatcher::Step::more) return Step::more;
        forget_held();
        if (tail_.mark() == 3) return Step::end;
        if (tail_.mark() == 2) start_head();
        return Step::more;
    }

    MarkMatcher calls_begin_{{kCallBegin}};
    MarkMatcher fence_{{"```json"}};
    MarkMatcher tail_{{"```", kCallEnd, kCallBegin, kCallsEnd}};
    Where where_ = Where::calls;
    std::string head_;
    std::string name_;
    NamedCall call_{*this};
};

}  // namespace

std::unique_ptr<ToolCallReader> make_deepseek_reader(const Json& tools) {
    return std::make_unique<DeepseekReader>(tools);
}

}  // namespace ovenbird
