#include "serve/api/responses.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "serve/api/fields.hpp"
#include "serve/api/turns.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMany = int64_t{1} << 31;
constexpr const char* kLogprobsIncluded = "message.output_text.logprobs";

std::string parts_text(const Json& parts, const std::string& where) {
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i)
        text += Fields(parts[i], fmt::format("{}[{}]", where, i)).text("text").value_or("");
    return text;
}

// Items one after the other: thoughts, text and calls of one turn are one message of a template.
class ItemReader {
public:
    explicit ItemReader(Json& messages) : messages_(messages) {}

    void read(const Fields& item) {
        const std::string type = item.text("type").value_or("message");
        if (type == "message") {
            read_message(item);
        } else if (type == "function_call") {
            const Json call{{"id", item.needed_text("call_id")},
                            {"type", "function"},
                            {"function",
                             {{"name", item.needed_text("name")},
                              {"arguments", arguments_for_template(item.text("arguments").value_or(""))}}}};
            assistant({{"role", "assistant"}, {"content", ""}, {"tool_calls", Json::array({call})}});
        } else if (type == "function_call_output") {
            messages_.push_back({{"role", "tool"},
                                 {"tool_call_id", item.needed_text("call_id")},
                                 {"content", content_text(item.at("output"), item.path("output"))}});
        } else if (type == "reasoning") {
            thinking_ = parts_text(item.array("content"), item.path("content"));
            if (thinking_.empty()) thinking_ = parts_text(item.array("summary"), item.path("summary"));
        } else if (type == "item_reference") {
            refuse(item.path("type"),
                   "this server keeps no answers: send the item itself instead of an item_reference "
                   "(Vercel's AI SDK "
                   "does with the option store: false)");
        } else {
            refuse(item.path("type"), fmt::format("an item of type '{}' cannot be read here", type));
        }
    }

private:
    void read_message(const Fields& item) {
        std::string role = item.needed_text("role");
        if (role == "developer") role = "system";
        if (role != "user" && role != "assistant" && role != "system")
            refuse(item.path("role"), fmt::format("no role is called '{}'", role));
        Json message{{"role", role}, {"content", content_text(item.at("content"), item.path("content"))}};
        role == "assistant" ? assistant(std::move(message)) : append_turn(messages_, std::move(message));
    }
    void assistant(Json message) {
        if (!thinking_.empty()) message["reasoning_content"] = std::exchange(thinking_, "");
        append_turn(messages_, std::move(message));
    }

    Json& messages_;
    std::string thinking_;  // in front of what the assistant says next
};

void read_input(const Fields& fields, Json& messages) {
    messages = Json::array();
    const auto instructions = fields.text("instructions").value_or("");
    if (!instructions.empty()) messages.push_back({{"role", "system"}, {"content", instructions}});
    const Json& input = fields.at("input");
    if (input.is_string() && !input.get_ref<const std::string&>().empty()) {
        messages.push_back({{"role", "user"}, {"content", input}});
    } else if (input.is_array() && !input.empty()) {
        ItemReader reader(messages);
        for (size_t i = 0; i < input.size(); ++i)
            reader.read(Fields(input[i], fmt::format("input[{}]", i)));
    } else {
        refuse("input", "input must be a text or a list of items, and not empty");
    }
    if (messages.empty()) refuse("input", "input has no message");
}

// Tools of the API's own makers are passed over: agents offer them to every model.
Json read_tools(const Fields& fields) {
    const Json& tools = fields.array("tools");
    Json functions = Json::array();
    for (size_t i = 0; i < tools.size(); ++i) {
        const Fields tool(tools[i], fmt::format("tools[{}]", i));
        if (tool.needed_text("type") != "function") continue;
        Json function{{"name", tool.needed_text("name")}};
        if (const auto description = tool.text("description")) function["description"] = *description;
        if (tool.has("parameters"))
            function["parameters"] = Fields(tool.at("parameters"), tool.path("parameters")).json();
        functions.push_back({{"type", "function"}, {"function", std::move(function)}});
    }
    return functions.empty() ? Json(nullptr) : functions;
}

ToolChoice choice_of(const Fields& fields, std::string_view name) {
    ToolChoice choice;
    const auto kind = fields.text(name).value_or("auto");
    if (kind == "none") {
        choice.kind = ToolChoice::Kind::none;
    } else if (kind == "required") {
        choice.kind = ToolChoice::Kind::required;
    } else if (kind != "auto") {
        refuse(fields.path(name), fmt::format("{} must be none, auto or required", fields.path(name)));
    }
    return choice;
}

void read_tool_choice(const Fields& fields, Call& call) {
    if (fields.at("tool_choice").is_object()) {
        const Fields given(fields.at("tool_choice"), "tool_choice");
        const std::string type = given.needed_text("type");
        if (type == "allowed_tools") {
            call.tool_choice = choice_of(given, "mode");
            keep_allowed_tools(given, call.ask.tools);
        } else if (type == "function") {
            call.tool_choice.kind = ToolChoice::Kind::function;
            call.tool_choice.function = given.needed_text("name");
        } else {
            refuse("tool_choice.type",
                   fmt::format("a tool of type '{}' is not supported; functions are", type));
        }
    } else {
        call.tool_choice = choice_of(fields, "tool_choice");
    }
    call.tool_choice.parallel = fields.boolean("parallel_tool_calls").value_or(true);
    check_tool_choice(call.tool_choice, call.ask.tools);
}

void read_text_format(const Fields& fields, AnswerForm& form) {
    if (!fields.has("text")) return;
    const Fields text(fields.at("text"), "text");
    if (!text.has("format")) return;
    const Fields format(text.at("format"), "text.format");
    const std::string type = format.needed_text("type");
    if (type == "json_object") {
        form.json_object = true;
    } else if (type == "json_schema") {
        form.json_schema = Fields(format.at("schema"), "text.format.schema").json().dump();
    } else if (type != "text") {
        refuse("text.format.type", "text.format.type must be text, json_object or json_schema");
    }
}

void read_reasoning(const Fields& fields, TemplateArguments& arguments) {
    if (!fields.has("reasoning")) return;
    const auto effort = Fields(fields.at("reasoning"), "reasoning").text("effort");
    if (!effort) return;
    arguments["reasoning_effort"] = Json(*effort).dump();
    if (*effort == "none" || *effort == "minimal") arguments["enable_thinking"] = "false";
}

void read_log_probabilities(const Fields& fields, Ask& ask) {
    const Json& include = fields.array("include");
    const bool wanted = std::find(include.begin(), include.end(), kLogprobsIncluded) != include.end();
    const auto top = fields.integer("top_logprobs", 0, kMostTopLogProbabilities).value_or(0);
    if (wanted || top > 0) ask.top_log_probabilities = top;
}

// What the answer says again; what was not given has the API's own defaults.
Json repeated(const Fields& fields) {
    Json json;
    for (const auto* name : {"instructions", "max_output_tokens", "temperature", "top_p", "user"})
        json[name] = fields.at(name);
    const auto or_else = [&](const char* name, const Json& fallback) {
        json[name] = fields.has(name) ? fields.at(name) : fallback;
    };
    or_else("metadata", Json::object());
    or_else("parallel_tool_calls", true);
    or_else("reasoning", {{"effort", nullptr}, {"summary", nullptr}});
    or_else("text", {{"format", {{"type", "text"}}}});
    or_else("tool_choice", "auto");
    or_else("tools", Json::array());
    or_else("top_logprobs", 0);
    or_else("truncation", "disabled");
    if (!json["text"].contains("format")) json["text"]["format"] = {{"type", "text"}};
    return json;
}

}  // namespace

Call read_responses(const Json& request) {
    const Fields fields(request);
    Call call;
    call.model = fields.needed_text("model");
    if (!fields.text("previous_response_id").value_or("").empty())
        refuse("previous_response_id",
               "this server keeps no answers: send the whole conversation as input instead of "
               "previous_response_id");
    fields.refuse_given({"background", "conversation", "prompt"});
    read_input(fields, call.ask.messages);
    call.ask.max_new_tokens = fields.integer("max_output_tokens", 1, kMany).value_or(-1);
    call.ask.sampling.temperature = fields.number("temperature", 0, 100);
    call.ask.sampling.top_p = fields.number("top_p", 0, 1);
    read_log_probabilities(fields, call.ask);
    read_text_format(fields, call.ask.form);
    read_reasoning(fields, call.ask.template_arguments);
    call.ask.tools = read_tools(fields);
    read_tool_choice(fields, call);
    call.stream = fields.boolean("stream").value_or(false);
    (void)fields.boolean("store");
    const auto truncation = fields.text("truncation").value_or("disabled");
    // Neither drops anything here: a conversation that is too long is refused.
    if (truncation != "auto" && truncation != "disabled")
        refuse("truncation", "truncation must be auto or disabled");
    if (fields.has("metadata")) (void)Fields(fields.at("metadata"), "metadata");
    (void)fields.text("user");
    call.repeated = repeated(fields);
    return call;
}

}  // namespace ovenbird
