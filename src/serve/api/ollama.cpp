#include "serve/api/ollama.hpp"

#include <cmath>

#include <fmt/format.h>

#include "serve/api/duration.hpp"
#include "serve/api/fields.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostStops = 64;
constexpr int64_t kMany = int64_t{1} << 31;
constexpr double kLongest_s = 1e9;

void read_format(const Fields& fields, AnswerForm& form) {
    const Json& format = fields.at("format");
    if (format.is_null()) return;
    if (format.is_string() && format.get_ref<const std::string&>().empty()) return;
    if (format == "json") {
        form.json_object = true;
    } else if (format.is_object()) {
        form.json_schema = format.dump();
    } else {
        refuse("format", "format must be \"json\" or a JSON schema");
    }
}

void read_think(const Fields& fields, Call& call) {
    const Json& think = fields.at("think");
    if (think.is_null()) return;
    auto& arguments = call.ask.template_arguments;
    if (think.is_boolean()) {
        arguments["enable_thinking"] = think.dump();
        call.thinks_apart = think.get<bool>();
    } else if (think.is_string()) {
        arguments["enable_thinking"] = "true";
        arguments["reasoning_effort"] = think.dump();
    } else {
        refuse("think", "think must be true, false, or a level");
    }
}

// What has to do with memory, threads and batches is another server's business, and changes no answer.
// num_ctx is among it: a baked model has the context it has, and what does not fit is refused when it comes.
void read_options(const Fields& fields, Ask& ask) {
    if (!fields.has("options")) return;
    const Fields options(fields.at("options"), "options");
    AskedSampling& sampling = ask.sampling;
    const auto most = options.integer("num_predict", -kMany, kMany).value_or(-1);
    ask.max_new_tokens = most > 0 ? most : -1;
    sampling.temperature = options.number("temperature", 0, 100);
    sampling.top_k = options.integer("top_k", -1, kMany);
    if (sampling.top_k == -1) sampling.top_k = 0;
    sampling.top_p = options.number("top_p", 0, 1);
    sampling.min_p = options.number("min_p", 0, 1);
    sampling.repetition_penalty = options.number("repeat_penalty", 0.01, 100);
    sampling.presence_penalty = options.number("presence_penalty", -100, 100);
    sampling.frequency_penalty = options.number("frequency_penalty", -100, 100);
    // Below 0: any.
    if (const auto seed = options.integer("seed", INT64_MIN, INT64_MAX); seed && *seed >= 0)
        sampling.seed = static_cast<uint64_t>(*seed);
    ask.stop = stop_strings(options, "stop", kMostStops);
    options.refuse_given({"mirostat"});
    for (const auto* name : {"typical_p", "tfs_z"}) {
        if (options.number(name, 0, 100).value_or(1) != 1)
            refuse(options.path(name),
                   fmt::format("{} other than 1 is not supported here", options.path(name)));
    }
}

OllamaCall read_common(const Fields& fields) {
    OllamaCall read;
    Call& call = read.call;
    call.model = read_ollama_model(fields.json());
    call.stream = fields.boolean("stream").value_or(true);
    call.keep_alive_s = read_ollama_keep_alive(fields);
    read_format(fields, call.ask.form);
    read_think(fields, call);
    read_options(fields, call.ask);
    const auto top = fields.integer("top_logprobs", 0, kMostTopLogProbabilities);
    if (fields.boolean("logprobs").value_or(false)) call.ask.top_log_probabilities = top.value_or(0);
    fields.refuse_given({"template"});
    return read;
}

Json earlier_call(const Fields& call) {
    const Fields function(call.at("function"), call.path("function"));
    Json json{{"type", "function"},
              {"function",
               {{"name", function.needed_text("name")},
                {"arguments", arguments_for_template(function.at("arguments"))}}}};
    if (const auto id = call.text("id"); id && !id->empty()) json["id"] = *id;
    return json;
}

Json read_message(const Fields& message) {
    std::string role = message.needed_text("role");
    if (role == "developer") role = "system";
    if (role != "system" && role != "user" && role != "assistant" && role != "tool")
        refuse(message.path("role"), fmt::format("no role is called '{}'", role));
    message.refuse_given({"images"});
    Json said{{"role", role}, {"content", content_text(message.at("content"), message.path("content"))}};
    if (const auto thinking = message.text("thinking"); thinking && !thinking->empty())
        said["reasoning_content"] = *thinking;
    if (const auto name = message.text("tool_name"); name && !name->empty()) said["name"] = *name;
    if (const auto id = message.text("tool_call_id"); id && !id->empty()) said["tool_call_id"] = *id;
    const Json& calls = message.array("tool_calls");
    for (size_t i = 0; i < calls.size(); ++i)
        said["tool_calls"].push_back(
            earlier_call(Fields(calls[i], fmt::format("{}[{}]", message.path("tool_calls"), i))));
    return said;
}

}  // namespace

std::optional<int64_t> read_ollama_keep_alive(const Fields& fields) {
    const Json& value = fields.at("keep_alive");
    if (value.is_null()) return std::nullopt;
    if (value.is_number()) {
        const auto seconds = fields.number("keep_alive", -1e300, 1e300).value_or(-1);
        return seconds < 0 ? -1 : static_cast<int64_t>(std::min(seconds, kLongest_s));
    }
    const auto time = value.is_string() ? duration_of(value.get_ref<const std::string&>()) : std::nullopt;
    if (!time) refuse("keep_alive", "keep_alive must be a number of seconds or a time such as \"5m\"");
    return time->count();
}

std::string read_ollama_model(const Json& request) {
    const Fields fields(request);
    const auto model = fields.text("model").value_or("");
    return model.empty() && fields.has("name") ? fields.needed_text("name") : fields.needed_text("model");
}

OllamaCall read_ollama_chat(const Json& request) {
    const Fields fields(request);
    OllamaCall read = read_common(fields);
    Ask& ask = read.call.ask;
    const Json& messages = fields.array("messages");
    ask.messages = Json::array();
    for (size_t i = 0; i < messages.size(); ++i)
        ask.messages.push_back(read_message(Fields(messages[i], fmt::format("messages[{}]", i))));
    ask.tools = checked_tools(fields);
    read.answers = !ask.messages.empty();
    return read;
}

OllamaCall read_ollama_generate(const Json& request) {
    const Fields fields(request);
    OllamaCall read = read_common(fields);
    Ask& ask = read.call.ask;
    fields.refuse_given({"suffix", "images"});
    const auto prompt = fields.text("prompt").value_or("");
    const auto system = fields.text("system").value_or("");
    const bool is_raw = fields.boolean("raw").value_or(false);
    read.answers = !prompt.empty();
    if (is_raw) {
        if (!system.empty()) refuse("system", "a raw prompt has no system message; write it into the prompt");
        ask.text = prompt;
        return read;
    }
    ask.messages = Json::array();
    if (!system.empty()) ask.messages.push_back({{"role", "system"}, {"content", system}});
    ask.messages.push_back({{"role", "user"}, {"content", prompt}});
    return read;
}

}  // namespace ovenbird
