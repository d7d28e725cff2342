#include "serve/api/openai_chat.hpp"

#include <fmt/format.h>

#include "serve/api/fields.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostStops = 16;  // OpenAI takes 4
constexpr int64_t kMostAnswers = 16;
constexpr int64_t kMany = int64_t{1} << 31;

// A call of an earlier answer, as templates want it.
Json earlier_call(const Fields& call) {
    const Fields function(call.at("function"), call.path("function"));
    Json json{{"type", "function"},
              {"function",
               {{"name", function.needed_text("name")},
                {"arguments", arguments_for_template(function.at("arguments"))}}}};
    if (const auto id = call.text("id")) json["id"] = *id;
    return json;
}

Json read_message(const Json& json, const std::string& where) {
    const Fields message(json, where);
    std::string role = message.needed_text("role");
    if (role == "developer") role = "system";
    if (role != "system" && role != "user" && role != "assistant" && role != "tool" && role != "function")
        refuse(message.path("role"), fmt::format("no role is called '{}'", role));
    Json said{{"role", role}, {"content", content_text(message.at("content"), message.path("content"))}};
    if (const auto thinking = message.text("reasoning_content")) said["reasoning_content"] = *thinking;
    if (const auto name = message.text("name")) said["name"] = *name;
    if (const auto id = message.text("tool_call_id")) said["tool_call_id"] = *id;
    message.refuse_given({"audio", "function_call"});
    const Json& calls = message.array("tool_calls");
    for (size_t i = 0; i < calls.size(); ++i)
        said["tool_calls"].push_back(
            earlier_call(Fields(calls[i], fmt::format("{}[{}]", message.path("tool_calls"), i))));
    return said;
}

Json read_messages(const Fields& fields) {
    const Json& messages = fields.array("messages");
    if (messages.is_null() || messages.empty()) refuse("messages", "messages is missing, or empty");
    Json read = Json::array();
    for (size_t i = 0; i < messages.size(); ++i)
        read.push_back(read_message(messages[i], fmt::format("messages[{}]", i)));
    return read;
}

// Of all tools, those that may be called are left.
ToolChoice read_allowed_tools(const Fields& allowed, Json& tools) {
    ToolChoice choice;
    const std::string mode = allowed.text("mode").value_or("auto");
    if (mode == "required") {
        choice.kind = ToolChoice::Kind::required;
    } else if (mode != "auto") {
        refuse(allowed.path("mode"), fmt::format("{} must be auto or required", allowed.path("mode")));
    }
    keep_allowed_tools(allowed, tools);
    return choice;
}

ToolChoice read_tool_choice(const Fields& fields, Json& tools) {
    ToolChoice choice;
    const Json& value = fields.at("tool_choice");
    if (value.is_object()) {
        const Fields given(value, "tool_choice");
        if (given.text("type") == "allowed_tools") {
            choice =
                read_allowed_tools(Fields(given.at("allowed_tools"), "tool_choice.allowed_tools"), tools);
        } else {
            choice.kind = ToolChoice::Kind::function;
            choice.function = Fields(given.at("function"), "tool_choice.function").needed_text("name");
        }
    } else if (value == "none") {
        choice.kind = ToolChoice::Kind::none;
    } else if (value == "required" || value == "any") {
        choice.kind = ToolChoice::Kind::required;
    } else if (!value.is_null() && value != "auto") {
        refuse("tool_choice", "tool_choice must be none, auto, required, a function, or allowed_tools");
    }
    choice.parallel = fields.boolean("parallel_tool_calls").value_or(true);
    return choice;
}

void read_response_format(const Fields& fields, AnswerForm& form) {
    if (!fields.has("response_format")) return;
    const Fields format(fields.at("response_format"), "response_format");
    const std::string type = format.needed_text("type");
    if (type == "json_object") {
        form.json_object = true;
    } else if (type == "json_schema") {
        const Fields named(format.at("json_schema"), "response_format.json_schema");
        const Json& schema = named.at("schema");
        if (!schema.is_object() && !schema.is_boolean())
            refuse(named.path("schema"), fmt::format("{} is missing", named.path("schema")));
        form.json_schema = schema.dump();
    } else if (type != "text") {
        refuse("response_format.type", "response_format.type must be text, json_object or json_schema");
    }
}

// Names of vLLM and llama.cpp for what their users ask of them.
void read_form(const Fields& fields, AnswerForm& form) {
    read_response_format(fields, form);
    if (const auto grammar = fields.text("grammar"); grammar && !grammar->empty()) form.grammar = *grammar;
    if (const auto regex = fields.text("guided_regex"); regex && !regex->empty()) form.regex = *regex;
    if (fields.has("guided_json")) form.json_schema = fields.at("guided_json").dump();
    const int forms = int{!form.json_schema.empty()} + int{form.json_object} + int{!form.grammar.empty()} +
                      int{!form.regex.empty()};
    if (forms > 1) refuse("response_format", "an answer can have one form, and several are given");
}

void read_template_arguments(const Fields& fields, TemplateArguments& arguments) {
    if (fields.has("chat_template_kwargs")) {
        const Fields given(fields.at("chat_template_kwargs"), "chat_template_kwargs");
        for (const auto& [name, value] : given.json().items())
            arguments[name] = value.dump();
    }
    const auto effort = fields.text("reasoning_effort");
    if (!effort) return;
    arguments.try_emplace("reasoning_effort", Json(*effort).dump());
    if (*effort == "none" || *effort == "minimal") arguments.try_emplace("enable_thinking", "false");
}

void read_log_probabilities(const Fields& fields, Ask& ask) {
    const auto top = fields.integer("top_logprobs", 0, kMostTopLogProbabilities);
    const bool wanted = fields.boolean("logprobs").value_or(false);
    if (top.value_or(0) > 0 && !wanted) refuse("top_logprobs", "top_logprobs needs logprobs: true");
    if (wanted) ask.top_log_probabilities = top.value_or(0);
}

}  // namespace

void read_openai_sampling(const Fields& fields, Call& call) {
    AskedSampling& sampling = call.ask.sampling;
    sampling.temperature = fields.number("temperature", 0, 100);
    sampling.top_p = fields.number("top_p", 0, 1);
    sampling.presence_penalty = fields.number("presence_penalty", -100, 100);
    sampling.frequency_penalty = fields.number("frequency_penalty", -100, 100);
    sampling.top_k = fields.integer("top_k", -1, kMany);
    if (sampling.top_k == -1) sampling.top_k = 0;  // vLLM's "all"
    sampling.min_p = fields.number("min_p", 0, 1);
    sampling.repetition_penalty = fields.number("repetition_penalty", 0.01, 100);
    if (!sampling.repetition_penalty)
        sampling.repetition_penalty = fields.number("repeat_penalty", 0.01, 100);
    if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX))
        sampling.seed = static_cast<uint64_t>(*seed);
    if (fields.has("logit_bias")) {
        const Fields biases(fields.at("logit_bias"), "logit_bias");
        for (const auto& [token, _] : biases.json().items()) {
            const bool is_id = !token.empty() && token.size() < 10 &&
                               token.find_first_not_of("0123456789") == std::string::npos;
            if (!is_id)
                refuse("logit_bias", fmt::format("logit_bias names '{}', which is no token's id", token));
            sampling.logit_bias[std::stoll(token)] = biases.number(token, -1000, 1000).value_or(0);
        }
    }
    call.ask.stop = stop_strings(fields, "stop", kMostStops);
    call.ask.ignore_eos = fields.boolean("ignore_eos").value_or(false);
    call.answers = fields.integer("n", 1, kMostAnswers).value_or(1);
    call.stream = fields.boolean("stream").value_or(false);
    if (fields.has("stream_options")) {
        const Fields options(fields.at("stream_options"), "stream_options");
        call.usage_in_stream = options.boolean("include_usage").value_or(false);
    }
}

Call read_openai_chat(const Json& request) {
    const Fields fields(request);
    Call call;
    call.model = fields.needed_text("model");
    call.ask.messages = read_messages(fields);
    read_openai_sampling(fields, call);
    const auto most = fields.integer("max_tokens", 1, kMany);
    call.ask.max_new_tokens = fields.integer("max_completion_tokens", 1, kMany).value_or(most.value_or(-1));
    read_log_probabilities(fields, call.ask);
    read_form(fields, call.ask.form);
    read_template_arguments(fields, call.ask.template_arguments);
    call.ask.tools = checked_tools(fields);
    call.tool_choice = read_tool_choice(fields, call.ask.tools);
    check_tool_choice(call.tool_choice, call.ask.tools);
    fields.refuse_given({"audio", "functions", "function_call", "web_search_options"});
    fields.refuse_unless("modalities", Json::array({"text"}));
    return call;
}

}  // namespace ovenbird
