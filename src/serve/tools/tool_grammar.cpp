#include <algorithm>
#include <array>
#include <functional>

#include "base/error.hpp"
#include "serve/tools/functions.hpp"
#include "serve/tools/tool_calls.hpp"

namespace ovenbird {
namespace {

// How an answer of calls is written, in parts; those that are marks may be tokens of their own. A call is
// `head` NAME `middle` ARGUMENTS `tail`; an answer `begin` CALL (`between` CALL)* `end`.
struct CallForm {
    const char* format;
    std::vector<std::string> begin;
    std::vector<std::string> head;
    std::vector<std::string> middle;
    std::vector<std::string> tail;
    std::vector<std::string> between;
    std::vector<std::string> end;
    std::vector<std::string> marks;
};

constexpr std::string_view kName = "{\"name\": \"";

std::vector<CallForm> call_forms() {
    const std::string name(kName);
    const std::string arguments = "\", \"arguments\": ";
    return {
        {"hermes",
         {},
         {"<tool_call>", "\n" + name},
         {arguments},
         {"}\n", "</tool_call>"},
         {"\n"},
         {},
         {"<tool_call>", "</tool_call>"}},
        {"llama", {}, {name}, {"\", \"parameters\": "}, {"}"}, {"; "}, {}, {}},
        {"mistral", {"[TOOL_CALLS]", " ["}, {name}, {arguments}, {"}"}, {", "}, {"]"}, {"[TOOL_CALLS]"}},
        {"phi4", {"functools["}, {name}, {arguments}, {"}"}, {", "}, {"]"}, {}},
        {"deepseek",
         {"<｜tool▁calls▁begin｜>"},
         {"<｜tool▁call▁begin｜>", "function", "<｜tool▁sep｜>"},
         {"\n```json\n"},
         {"\n```", "<｜tool▁call▁end｜>"},
         {"\n"},
         {"<｜tool▁calls▁end｜>"},
         {"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>",
          "<｜tool▁calls▁end｜>"}},
        {"granite", {"<|tool_call|>", "["}, {name}, {arguments}, {"}"}, {", "}, {"]"}, {"<|tool_call|>"}},
        {"gemma", {}, {"```tool_code\n" + name}, {arguments}, {"}\n```"}, {"\n"}, {}, {}},
    };
}

CallForm form_of(const std::string& format) {
    for (auto& form : call_forms()) {
        if (format == form.format) return form;
    }
    const auto names = tool_format_names();
    if (std::find(names.begin(), names.end(), format) == names.end())
        fail(ErrorCode::usage, "no format of tool calls is called '{}'; known are: {}", format,
             fmt::join(names, ", "));
    fail(ErrorCode::unsupported,
         "tool calls in the format '{}' have no grammar, so none can be demanded; ask with the tool choice "
         "'auto'",
         format);
}

// Lark writes text as JSON does, and takes no DEL in it.
std::string literal(std::string_view text) {
    std::string quoted = Json(text).dump();
    for (size_t at = quoted.find('\x7f'); at != std::string::npos; at = quoted.find('\x7f', at))
        quoted.replace(at, 1, "\\u007f");
    return quoted;
}

// JSON of any layout would let a model that likes blanks write them for ever.
std::string schema_of(const std::string& name, const Json& parameters) {
    Json schema = parameters.is_null() || parameters == Json(true) ? Json::object() : parameters;
    if (!schema.is_object())
        fail(ErrorCode::usage,
             "the parameters of the function '{}' are no JSON schema: give an object such as {}", name,
             R"({"type": "object", "properties": {}})");
    if (!schema.contains("type")) schema["type"] = "object";
    if (schema["type"] != "object")
        fail(ErrorCode::usage,
             "the parameters of the function '{}' are of the type {}: give an object's schema", name,
             schema["type"].dump());
    Json& options = schema["x-guidance"];
    if (!options.is_object()) options = Json::object();
    if (!options.contains("whitespace_pattern")) options["whitespace_pattern"] = R"( |\n[ \t]{0,40})";
    return schema.dump();
}

class Writer {
public:
    Writer(CallForm form, const SpecialToken& special) : form_(std::move(form)), special_(special) {}

    // A literal never matches a special token, and a reference matches nothing else.
    std::string parts(const std::vector<std::string>& texts) const {
        std::string lark;
        for (const auto& text : texts) {
            const bool mark = std::find(form_.marks.begin(), form_.marks.end(), text) != form_.marks.end();
            const auto id = mark && special_ ? special_(text) : std::nullopt;
            lark += ' ' + (id ? fmt::format("<[{}]>", *id) : literal(text));
        }
        return lark;
    }

    std::string call(const std::string& name, const Json& parameters) const {
        const bool json = form_.head.back().ends_with(kName);
        std::string written = json ? Json(name).dump() : name;
        if (json) written = written.substr(1, written.size() - 2);
        auto head = form_.head;
        auto middle = form_.middle;
        middle.front() = written + middle.front();
        // In one piece where it is text: the fewer the lexemes, the fewer the states.
        if (json) {
            middle.front() = head.back() + middle.front();
            head.pop_back();
        }
        return parts(head) + parts(middle) + " %json " + schema_of(name, parameters) + parts(form_.tail);
    }

    std::string answer(bool several) const {
        std::string lark = "start:" + parts(form_.begin) + " call";
        if (several) lark += " (" + parts(form_.between) + " call)*";
        return lark + parts(form_.end) + "\n";
    }

private:
    CallForm form_;
    const SpecialToken& special_;
};

}  // namespace

std::vector<std::string> tool_marks(const std::string& format) {
    for (auto& form : call_forms()) {
        if (format == form.format) return form.marks;
    }
    return {};
}

std::string tool_grammar(const std::string& format, const Json& tools, const ToolChoice& choice,
                         const SpecialToken& special) {
    const Writer writer(form_of(format), special);
    const Functions functions(tools);
    const bool one = choice.kind == ToolChoice::Kind::function;
    if (one && !functions.knows(choice.function))
        fail(ErrorCode::usage, "the tool choice names the function '{}', which is not among the tools",
             choice.function);
    if (functions.all().empty())
        fail(ErrorCode::usage, "a call is demanded, but there is no function among the tools; give one");
    std::string calls;
    for (const auto& [name, parameters] : functions.all()) {
        if (one && name != choice.function) continue;
        calls += (calls.empty() ? "call:" : "    |") + writer.call(name, parameters) + "\n";
    }
    return writer.answer(!one && choice.parallel) + calls;
}

}  // namespace ovenbird
