#include "serve/api/anthropic.hpp"

#include <fmt/format.h>

#include "serve/api/fields.hpp"
#include "serve/api/turns.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostStops = 64;
constexpr int64_t kMany = int64_t{1} << 31;

// One message of the API may be several of a template's: results of tools are a role of their own there.
class MessageReader {
public:
    MessageReader(const Fields& message, Json& messages)
        : messages_(messages), role_(message.needed_text("role")) {
        if (role_ != "user" && role_ != "assistant" && role_ != "system")
            refuse(message.path("role"), fmt::format("no role is called '{}'", role_));
        const Json& content = message.at("content");
        if (content.is_string()) {
            text_ = content.get<std::string>();
        } else if (content.is_array()) {
            for (size_t i = 0; i < content.size(); ++i)
                read_block(Fields(content[i], fmt::format("{}[{}]", message.path("content"), i)));
        } else {
            refuse(message.path("content"),
                   fmt::format("{} must be a string or a list of blocks", message.path("content")));
        }
        flush();
    }

private:
    void read_block(const Fields& block) {
        const std::string type = block.needed_text("type");
        if (type == "text") {
            const auto text = block.text("text");
            if (!text) refuse(block.path("text"), fmt::format("{} is missing", block.path("text")));
            if (!text_.empty() && role_ != "assistant") text_ += "\n\n";
            text_ += *text;
        } else if (type == "tool_use" && role_ == "assistant") {
            const Json& input = block.at("input");
            if (!input.is_null()) (void)Fields(input, block.path("input"));
            calls_.push_back(
                {{"id", block.needed_text("id")},
                 {"type", "function"},
                 {"function",
                  {{"name", block.needed_text("name")}, {"arguments", arguments_for_template(input)}}}});
        } else if (type == "tool_result" && role_ == "user") {
            flush();
            std::string said = content_text(block.at("content"), block.path("content"));
            if (block.boolean("is_error").value_or(false)) said = "Error: " + said;
            messages_.push_back({{"role", "tool"},
                                 {"tool_call_id", block.needed_text("tool_use_id")},
                                 {"content", std::move(said)}});
        } else if (type == "thinking" && role_ == "assistant") {
            thinking_ += block.text("thinking").value_or("");
        } else if (type != "redacted_thinking" || role_ != "assistant") {
            refuse(block.path("type"),
                   fmt::format("a block of type '{}' cannot be read in a message of role '{}' here", type,
                               role_));
        }
    }
    void flush() {
        if (text_.empty() && calls_.empty() && thinking_.empty()) return;
        Json said{{"role", role_}, {"content", std::exchange(text_, "")}};
        if (!thinking_.empty()) said["reasoning_content"] = std::exchange(thinking_, "");
        if (!calls_.empty()) said["tool_calls"] = std::exchange(calls_, Json::array());
        append_turn(messages_, std::move(said));
    }

    Json& messages_;
    std::string role_;
    std::string text_;
    std::string thinking_;
    Json calls_ = Json::array();
};

void read_system(const Fields& fields, Json& messages) {
    const Json& system = fields.at("system");
    std::string text;
    if (system.is_array()) {
        for (size_t i = 0; i < system.size(); ++i) {
            const std::string block = content_text(Json::array({system[i]}), "system");
            text += (text.empty() || block.empty() ? "" : "\n\n") + block;
        }
    } else {
        text = content_text(system, "system");
    }
    if (!text.empty()) messages.push_back({{"role", "system"}, {"content", text}});
}

void read_messages(const Fields& fields, Ask& ask) {
    ask.messages = Json::array();
    read_system(fields, ask.messages);
    const Json& messages = fields.array("messages");
    if (messages.is_null() || messages.empty()) refuse("messages", "messages is missing, or empty");
    for (size_t i = 0; i < messages.size(); ++i)
        MessageReader(Fields(messages[i], fmt::format("messages[{}]", i)), ask.messages);
    if (ask.messages.empty()) refuse("messages", "messages says nothing");
    const Json& last = ask.messages.back();
    if (last.at("role") != "assistant") return;
    if (last.contains("tool_calls"))
        refuse(
            "messages",
            "the last message calls tools: their results (tool_result) must follow in a message of the user");
    ask.prefix = last.at("content").get<std::string>();
    ask.messages.erase(ask.messages.size() - 1);
    if (ask.messages.empty())
        refuse("messages", "messages begins with the assistant's; the user's must come before");
}

Json read_tools(const Fields& fields) {
    const Json& tools = fields.array("tools");
    Json functions = Json::array();
    for (size_t i = 0; i < tools.size(); ++i) {
        const Fields tool(tools[i], fmt::format("tools[{}]", i));
        if (const auto type = tool.text("type").value_or("custom"); type != "custom")
            refuse(tool.path("type"),
                   fmt::format("a tool of type '{}' is not supported; those with an input_schema are", type));
        Json function{{"name", tool.needed_text("name")}};
        if (const auto description = tool.text("description")) function["description"] = *description;
        function["parameters"] = Fields(tool.at("input_schema"), tool.path("input_schema")).json();
        functions.push_back({{"type", "function"}, {"function", std::move(function)}});
    }
    return functions.empty() ? Json(nullptr) : functions;
}

ToolChoice read_tool_choice(const Fields& fields) {
    ToolChoice choice;
    if (!fields.has("tool_choice")) return choice;
    const Fields given(fields.at("tool_choice"), "tool_choice");
    const std::string type = given.needed_text("type");
    if (type == "tool") {
        choice.kind = ToolChoice::Kind::function;
        choice.function = given.needed_text("name");
    } else if (type == "any") {
        choice.kind = ToolChoice::Kind::required;
    } else if (type == "none") {
        choice.kind = ToolChoice::Kind::none;
    } else if (type != "auto") {
        refuse("tool_choice.type", "tool_choice.type must be auto, any, tool or none");
    }
    choice.parallel = !given.boolean("disable_parallel_tool_use").value_or(false);
    return choice;
}

// Without a word of thinking, the API does not think.
void read_thinking(const Fields& fields, Call& call) {
    bool thinks = false;
    if (fields.has("thinking")) {
        const Fields given(fields.at("thinking"), "thinking");
        const std::string type = given.needed_text("type");
        if (type != "enabled" && type != "disabled" && type != "adaptive")
            refuse("thinking.type", "thinking.type must be enabled, disabled or adaptive");
        (void)given.integer("budget_tokens", 0, kMany);  // a hint, and no model here keeps to one
        thinks = type != "disabled";
        if (type == "enabled" && !call.ask.prefix.empty())
            refuse("thinking",
                   "an answer that has begun (the last message is the assistant's) is not thought about; "
                   "leave thinking out");
        thinks = thinks && call.ask.prefix.empty();
        call.thinks_apart = thinks && given.text("display").value_or("") != "omitted";
    } else {
        call.thinks_apart = false;
    }
    call.ask.template_arguments["enable_thinking"] = thinks ? "true" : "false";
}

void read_schema(const Fields& format, AnswerForm& form) {
    if (format.needed_text("type") != "json_schema")
        refuse(format.path("type"), fmt::format("{} must be json_schema", format.path("type")));
    form.json_schema = Fields(format.at("schema"), format.path("schema")).json().dump();
}

void read_output(const Fields& fields, Ask& ask) {
    if (fields.has("output_format"))
        read_schema(Fields(fields.at("output_format"), "output_format"), ask.form);
    if (!fields.has("output_config")) return;
    const Fields config(fields.at("output_config"), "output_config");
    if (const auto effort = config.text("effort"))
        ask.template_arguments["reasoning_effort"] = Json(*effort).dump();
    if (config.has("format")) read_schema(Fields(config.at("format"), "output_config.format"), ask.form);
}

}  // namespace

Call read_anthropic_count(const Json& request) {
    const Fields fields(request);
    Call call;
    call.model = fields.needed_text("model");
    read_messages(fields, call.ask);
    read_thinking(fields, call);
    read_output(fields, call.ask);
    call.ask.tools = read_tools(fields);
    call.tool_choice = read_tool_choice(fields);
    check_tool_choice(call.tool_choice, call.ask.tools);
    fields.refuse_given({"mcp_servers", "container"});
    return call;
}

Call read_anthropic(const Json& request) {
    Call call = read_anthropic_count(request);
    const Fields fields(request);
    const auto most = fields.integer("max_tokens", 1, kMany);
    if (!most) refuse("max_tokens", "max_tokens is missing");
    call.ask.max_new_tokens = *most;
    call.ask.sampling.temperature = fields.number("temperature", 0, 100);
    call.ask.sampling.top_p = fields.number("top_p", 0, 1);
    call.ask.sampling.top_k = fields.integer("top_k", 0, kMany);
    call.ask.stop = stop_strings(fields, "stop_sequences", kMostStops);
    call.stream = fields.boolean("stream").value_or(false);
    return call;
}

}  // namespace ovenbird
