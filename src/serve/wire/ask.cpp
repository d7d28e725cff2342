#include "serve/wire/ask.hpp"

#include <charconv>

#include "base/error.hpp"

namespace ovenbird {
namespace {

template <typename T>
void put(Json& json, const char* key, const std::optional<T>& value) {
    if (value) json[key] = *value;
}

std::optional<double> number(const JsonObject& object, const char* key) {
    return object.has(key) ? std::optional(object.number(key)) : std::nullopt;
}

std::optional<int64_t> integer(const JsonObject& object, const char* key) {
    return object.has(key) ? std::optional(object.integer(key)) : std::nullopt;
}

Json to_json(const AskedSampling& sampling) {
    Json json = Json::object();
    put(json, "temperature", sampling.temperature);
    put(json, "top_k", sampling.top_k);
    put(json, "top_p", sampling.top_p);
    put(json, "min_p", sampling.min_p);
    put(json, "repetition_penalty", sampling.repetition_penalty);
    put(json, "presence_penalty", sampling.presence_penalty);
    put(json, "frequency_penalty", sampling.frequency_penalty);
    // A seed has 64 bits, more than a JSON number holds for everybody.
    if (sampling.seed) json["seed"] = std::to_string(*sampling.seed);
    Json bias = Json::array();
    for (const auto& [token, value] : sampling.logit_bias)
        bias.push_back(Json::array({token, value}));
    json["logit_bias"] = std::move(bias);
    return json;
}

AskedSampling sampling_from(const JsonObject& object) {
    AskedSampling sampling;
    sampling.temperature = number(object, "temperature");
    sampling.top_k = integer(object, "top_k");
    sampling.top_p = number(object, "top_p");
    sampling.min_p = number(object, "min_p");
    sampling.repetition_penalty = number(object, "repetition_penalty");
    sampling.presence_penalty = number(object, "presence_penalty");
    sampling.frequency_penalty = number(object, "frequency_penalty");
    if (object.has("seed")) sampling.seed = seed_from_text(object.text("seed"));
    for (const Json& pair : object.array("logit_bias"))
        sampling.logit_bias[pair.at(0).get<int64_t>()] = pair.at(1).get<double>();
    return sampling;
}

Json to_json(const AnswerForm& form) {
    return {{"json_schema", form.json_schema},
            {"json_object", form.json_object},
            {"grammar", form.grammar},
            {"regex", form.regex}};
}

AnswerForm form_from(const JsonObject& object) {
    return {.json_schema = object.text("json_schema"),
            .json_object = object.boolean_or("json_object", false),
            .grammar = object.text("grammar"),
            .regex = object.text("regex")};
}

}  // namespace

uint64_t seed_from_text(const std::string& text) {
    uint64_t seed = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (fault != std::errc() || end != text.data() + text.size())
        fail(ErrorCode::invalid_input, "a seed is '{}', no number of 64 bits", text);
    return seed;
}

SamplingOptions AskedSampling::over(SamplingOptions defaults) const {
    defaults.temperature = temperature.value_or(defaults.temperature);
    defaults.top_k = top_k.value_or(defaults.top_k);
    defaults.top_p = top_p.value_or(defaults.top_p);
    defaults.min_p = min_p.value_or(defaults.min_p);
    defaults.repetition_penalty = repetition_penalty.value_or(defaults.repetition_penalty);
    defaults.presence_penalty = presence_penalty.value_or(defaults.presence_penalty);
    defaults.frequency_penalty = frequency_penalty.value_or(defaults.frequency_penalty);
    defaults.logit_bias = logit_bias;
    defaults.seed = seed;
    return defaults;
}

Json to_json(const Ask& ask) {
    return {{"messages", ask.messages},
            {"text", ask.text},
            {"ids", ask.ids},
            {"tools", ask.tools},
            {"template_arguments", ask.template_arguments},
            {"prefix", ask.prefix},
            {"max_new_tokens", ask.max_new_tokens},
            {"sampling", to_json(ask.sampling)},
            {"stop", ask.stop},
            {"form", to_json(ask.form)},
            {"ignore_eos", ask.ignore_eos},
            {"top_log_probabilities", ask.top_log_probabilities},
            {"resumed", ask.resumed}};
}

Ask ask_from_json(const Json& json) {
    const JsonObject object(json, "a message to the worker");
    try {
        Ask ask;
        ask.messages = json.at("messages");
        ask.text = object.text("text");
        ask.ids = json.at("ids").get<std::vector<int64_t>>();
        ask.tools = json.at("tools");
        ask.template_arguments = json.at("template_arguments").get<TemplateArguments>();
        ask.prefix = object.text("prefix");
        ask.max_new_tokens = object.integer("max_new_tokens");
        ask.sampling = sampling_from(JsonObject(json.at("sampling"), object.origin()));
        ask.stop = json.at("stop").get<std::vector<std::string>>();
        ask.form = form_from(JsonObject(json.at("form"), object.origin()));
        ask.ignore_eos = object.boolean_or("ignore_eos", false);
        ask.top_log_probabilities = object.integer("top_log_probabilities");
        ask.resumed = json.at("resumed").get<std::vector<int64_t>>();
        return ask;
    } catch (const Json::exception& error) {
        fail(ErrorCode::invalid_input, "{}: {}", object.origin(), error.what());
    }
}

}  // namespace ovenbird
