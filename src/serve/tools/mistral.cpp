#include <utility>

#include "serve/tools/formats.hpp"
#include "serve/tools/json_calls.hpp"
#include "serve/tools/named_call.hpp"

namespace ovenbird {
namespace {

constexpr size_t kIdLetters = 9;  // Mistral's templates refuse others
constexpr size_t kMostNameBytes = 256;

CallReader::Opening opening() {
    CallReader::Opening opening;
    opening.marks = {"[TOOL_CALLS]"};
    opening.id_letters = kIdLetters;
    opening.id_prefix = "";
    return opening;
}

// The newer form names the function, and may name the call, before the arguments: NAME[CALL_ID]ID[ARGS]{…}.
class MistralReader : public JsonCalls {
public:
    explicit MistralReader(const Json& tools) : JsonCalls(tools, opening(), {}) {}

protected:
    void opened(size_t mark) override {
        JsonCalls::opened(mark);
        where_ = Where::start;
        name_.clear();
        id_.clear();
        call_ = NamedCall(*this);
    }

    Step take(char byte) override {
        switch (where_) {
            case Where::start:
                if (is_blank(byte)) return Step::more;
                where_ = byte == '[' || byte == '{' ? Where::json : Where::name;
                return take(byte);
            case Where::json:
                return JsonCalls::take(byte);
            case Where::name:
                return take_head(byte, name_);
            case Where::id:
                return take_head(byte, id_);
            case Where::mark:
                return take_mark(byte);
            case Where::arguments:
                break;
        }
        if (!argued_ && is_blank(byte)) return Step::more;
        argued_ = true;
        const auto step = call_.take(byte, name_, id_.size() == kIdLetters ? id_ : "");
        if (step == JsonScanner::Step::bad) return Step::text;
        return step == JsonScanner::Step::done ? Step::end : Step::more;
    }

    bool holds_text() const override { return where_ != Where::json || JsonCalls::holds_text(); }

private:
    enum class Where { start, json, name, id, mark, arguments };

    Step take_head(char byte, std::string& head) {
        if (byte == '[') {
            marks_.restart();
            where_ = Where::mark;
            return take_mark(byte);
        }
        // Some leave the mark away.
        if (byte == '{' && where_ == Where::name) {
            where_ = Where::arguments;
            argued_ = false;
            return take(byte);
        }
        if (byte == '\n' || head.size() == kMostNameBytes) return Step::text;
        head += byte;
        return Step::more;
    }

    Step take_mark(char byte) {
        switch (marks_.take(byte)) {
            case MarkMatcher::Step::more:
                return Step::more;
            case MarkMatcher::Step::failed:
                return Step::text;
            case MarkMatcher::Step::matched:
                break;
        }
        where_ = marks_.mark() == 0 ? Where::arguments : Where::id;
        argued_ = false;
        return Step::more;
    }

    MarkMatcher marks_{{"[ARGS]", "[CALL_ID]"}};
    Where where_ = Where::start;
    bool argued_ = false;
    std::string name_;
    std::string id_;
    NamedCall call_{*this};
};

}  // namespace

std::unique_ptr<ToolCallReader> make_mistral_reader(const Json& tools) {
    return std::make_unique<MistralReader>(tools);
}

}  // namespace ovenbird
