#include "serve/wire/event.hpp"

#include "base/error.hpp"
#include "serve/wire/ask.hpp"

namespace ovenbird {
namespace {

constexpr const char* kOrigin = "a message of the worker";

Json to_json(const SamplingOptions& sampling) {
    return {{"temperature", sampling.temperature},
            {"top_k", sampling.top_k},
            {"top_p", sampling.top_p},
            {"min_p", sampling.min_p},
            {"repetition_penalty", sampling.repetition_penalty}};
}

SamplingOptions sampling_from(const JsonObject& object) {
    SamplingOptions sampling;
    sampling.temperature = object.number("temperature");
    sampling.top_k = object.integer("top_k");
    sampling.top_p = object.number("top_p");
    sampling.min_p = object.number("min_p");
    sampling.repetition_penalty = object.number("repetition_penalty");
    return sampling;
}

// Minus infinity is a log probability, too, and JSON has no such number.
constexpr double kLeast = -1e9;
double finite(double log_probability) {
    return log_probability > kLeast ? log_probability : kLeast;
}

Json to_json(const TokenNote& note) {
    Json top = Json::array();
    for (const auto& each : note.top)
        top.push_back(Json::array({each.token, each.text, finite(each.log_probability)}));
    return Json::array({note.token, note.text, finite(note.log_probability), std::move(top)});
}

TokenNote note_from(const Json& json) {
    TokenNote note{json.at(0).get<int64_t>(), json.at(1).get<std::string>(), json.at(2).get<double>(), {}};
    for (const Json& each : json.at(3))
        note.top.push_back(
            {each.at(0).get<int64_t>(), each.at(1).get<std::string>(), each.at(2).get<double>()});
    return note;
}

struct Writer {
    Json operator()(const ModelFacts& facts) const {
        return {{"is", "ready"},
                {"device", facts.device},
                {"fallbacks", facts.fallbacks},
                {"notes", facts.notes},
                {"context_tokens", facts.context_tokens},
                {"vocab_size", facts.vocab_size},
                {"embedding_length", facts.embedding_length},
                {"has_template", facts.has_template},
                {"thinks", facts.thinks},
                {"tool_format", facts.tool_format},
                {"special_marks", facts.special_marks},
                {"input_shapes", facts.input_shapes},
                {"defaults", to_json(facts.defaults)},
                {"cache_bytes", facts.cache_bytes},
                {"load_s", facts.load_s}};
    }
    Json operator()(const PromptEvent& event) const {
        return {{"is", "prompt"},
                {"prompt_tokens", event.prompt_tokens},
                {"cached_tokens", event.cached_tokens},
                {"seed", std::to_string(event.seed)},
                {"thinking_open", event.thinking_open}};
    }
    Json operator()(const PieceEvent& event) const {
        Json json{{"is", "piece"}, {"ids", event.ids}};
        if (!event.text.empty()) json["text"] = event.text;
        if (!event.thinking.empty()) json["thinking"] = event.thinking;
        for (const auto& note : event.notes)
            json["notes"].push_back(to_json(note));
        return json;
    }
    Json operator()(const DoneEvent& event) const {
        return {{"is", "done"},
                {"reason", static_cast<int>(event.reason)},
                {"stop_string", event.stop_string},
                {"prompt_tokens", event.prompt_tokens},
                {"cached_tokens", event.cached_tokens},
                {"new_tokens", event.new_tokens},
                {"thinking_tokens", event.thinking_tokens},
                {"first_token_ms", event.first_token_ms},
                {"total_ms", event.total_ms},
                {"seed", std::to_string(event.seed)}};
    }
    Json operator()(const ErrorEvent& event) const {
        return {{"is", "error"}, {"code", static_cast<int>(event.code)}, {"message", event.message}};
    }
    Json operator()(const AliveEvent& event) const {
        return {{"is", "alive"}, {"computed_tokens", event.computed_tokens}};
    }
    Json operator()(const TextEvent& event) const {
        return {{"is", "text"}, {"ids", event.ids}, {"text", event.text}};
    }
    Json operator()(const VectorEvent& event) const {
        return {{"is", "vector"}, {"values", event.values}, {"tokens", event.tokens}};
    }
    Json operator()(const OpeningEvent& event) const { return {{"is", "opening"}, {"done", event.done}}; }
    Json operator()(const NoteEvent& event) const { return {{"is", "note"}, {"text", event.text}}; }
};

ModelFacts facts_from(const JsonObject& object) {
    const Json& json = object.json();
    ModelFacts facts;
    facts.device = object.text("device");
    facts.fallbacks = json.at("fallbacks").get<std::vector<std::string>>();
    facts.notes = json.at("notes").get<std::vector<std::string>>();
    facts.context_tokens = object.integer_in("context_tokens", 1, int64_t{1} << 40);
    facts.vocab_size = object.integer_in("vocab_size", 1, int64_t{1} << 40);
    facts.embedding_length = object.integer_or("embedding_length", 0);
    facts.has_template = object.boolean_or("has_template", false);
    facts.thinks = object.boolean_or("thinks", false);
    facts.tool_format = object.text("tool_format");
    facts.special_marks = json.at("special_marks").get<std::map<std::string, int64_t>>();
    facts.input_shapes = object.text("input_shapes");
    facts.defaults = sampling_from(JsonObject(json.at("defaults"), object.origin()));
    facts.cache_bytes = json.at("cache_bytes").get<uint64_t>();
    facts.load_s = object.number("load_s");
    return facts;
}

PieceEvent piece_from(const JsonObject& object) {
    PieceEvent piece{object.json().at("ids").get<std::vector<int64_t>>(),
                     object.text_or("text", ""),
                     object.text_or("thinking", ""),
                     {}};
    if (object.has("notes")) {
        for (const Json& note : object.array("notes"))
            piece.notes.push_back(note_from(note));
    }
    return piece;
}

DoneEvent done_from(const JsonObject& object) {
    DoneEvent done;
    done.reason = static_cast<FinishReason>(
        object.integer_in("reason", 0, static_cast<int>(FinishReason::interrupted)));
    done.stop_string = object.text("stop_string");
    done.prompt_tokens = object.integer("prompt_tokens");
    done.cached_tokens = object.integer("cached_tokens");
    done.new_tokens = object.integer("new_tokens");
    done.thinking_tokens = object.integer("thinking_tokens");
    done.first_token_ms = object.number("first_token_ms");
    done.total_ms = object.number("total_ms");
    done.seed = seed_from_text(object.text("seed"));
    return done;
}

Event read(const JsonObject& object) {
    const std::string is = object.text("is");
    if (is == "piece") return piece_from(object);
    if (is == "alive") return AliveEvent{object.integer("computed_tokens")};
    if (is == "prompt")
        return PromptEvent{object.integer("prompt_tokens"), object.integer("cached_tokens"),
                           seed_from_text(object.text("seed")), object.boolean_or("thinking_open", false)};
    if (is == "done") return done_from(object);
    if (is == "error")
        return ErrorEvent{
            static_cast<ErrorCode>(object.integer_in("code", 0, static_cast<int>(ErrorCode::internal))),
            object.text("message")};
    if (is == "text")
        return TextEvent{object.json().at("ids").get<std::vector<int64_t>>(), object.text("text")};
    if (is == "vector")
        return VectorEvent{object.json().at("values").get<std::vector<float>>(), object.integer("tokens")};
    if (is == "opening") return OpeningEvent{object.boolean_or("done", false)};
    if (is == "note") return NoteEvent{object.text("text")};
    if (is == "ready") return facts_from(object);
    fail(ErrorCode::invalid_input, "{}: nothing is called '{}'", kOrigin, is);
}

}  // namespace

Json to_json(const Event& event) {
    return std::visit(Writer{}, event);
}

Event event_from_json(const Json& json) {
    const JsonObject object(json, kOrigin);
    try {
        return read(object);
    } catch (const Json::exception& error) {
        fail(ErrorCode::invalid_input, "{}: {}", kOrigin, error.what());
    }
}

}  // namespace ovenbird
