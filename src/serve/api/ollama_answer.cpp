// Answers of Ollama's API; what it reads is in ollama.cpp.

#include <cmath>

#include "serve/api/duration.hpp"
#include "serve/api/ollama.hpp"
#include "serve/api/openai_chat.hpp"

namespace ovenbird {
namespace {

enum class Kind { chat, generate };

int64_t ns_of(double ms) {
    return std::llround(std::max(ms, 0.0) * 1e6);
}

// What a step of an answer says, in either API's place for it.
Json said_json(Kind kind, const AnswerFacts& facts, const std::string& content, const std::string& thinking) {
    Json json{{"model", facts.model}, {"created_at", iso_time(facts.created)}};
    Json& place = kind == Kind::chat ? json["message"] = {{"role", "assistant"}} : json;
    place[kind == Kind::chat ? "content" : "response"] = content;
    if (!thinking.empty()) place["thinking"] = thinking;
    json["done"] = false;
    return json;
}

// Nothing for a call that the answer's end has cut: its arguments are no object.
void add_call(Json& json, const ToolCall& call) {
    const Json arguments =
        call.arguments.empty() ? Json::object() : Json::parse(call.arguments, nullptr, false);
    if (!arguments.is_object()) return;
    Json& calls = json["message"]["tool_calls"];
    const size_t index = calls.size();
    calls.push_back(
        {{"id", call.id}, {"function", {{"index", index}, {"name", call.name}, {"arguments", arguments}}}});
}

void add_log_probabilities(Json& json, const std::vector<TokenNote>& tokens) {
    for (const auto& token : tokens) {
        Json each = openai_token(token.text, token.log_probability);
        each["top_logprobs"] = Json::array();
        for (const auto& top : token.top)
            each["top_logprobs"].push_back(openai_token(top.text, top.log_probability));
        json["logprobs"].push_back(std::move(each));
    }
}

void add_end(Json& json, const Finish& finish) {
    const auto& timings = finish.timings;
    json["done"] = true;
    json["done_reason"] = finish.end == End::length ? "length" : "stop";
    json["total_duration"] = ns_of(timings.queue_ms + timings.total_ms);
    json["load_duration"] = 0;
    json["prompt_eval_count"] = finish.usage.prompt_tokens;
    json["prompt_eval_duration"] = ns_of(timings.first_token_ms);
    json["eval_count"] = finish.usage.completion_tokens;
    json["eval_duration"] = ns_of(timings.total_ms - timings.first_token_ms);
}

Json error_json(const ApiError& error) {
    return {{"error", error.what()}};
}

std::string line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

class LineStream : public StreamWriter {
public:
    LineStream(Kind kind, const AnswerFacts& facts) : kind_(kind), facts_(facts) {}

    std::string delta(int64_t, const Delta& delta) override {
        std::string lines;
        if (!delta.content.empty() || !delta.thinking.empty() || !delta.tokens.empty()) {
            Json json = said_json(kind_, facts_, delta.content, delta.thinking);
            add_log_probabilities(json, delta.tokens);
            lines = line(json);
        }
        for (const auto& piece : delta.tool_calls) {
            if (piece.index != index_) lines += whole_call();
            index_ = piece.index;
            if (!piece.id.empty()) call_.id = piece.id;
            call_.name += piece.name;
            call_.arguments += piece.arguments;
        }
        return lines;
    }
    std::string finish(int64_t, const Finish& finish) override {
        const std::string lines = whole_call();
        Json json = said_json(kind_, facts_, "", "");
        add_end(json, finish);
        return lines + line(json);
    }
    std::string end(const Usage&) override { return ""; }
    std::string error(const ApiError& error) override { return line(error_json(error)); }
    // A line that says nothing: there are no comments here.
    std::string heartbeat() override { return line(said_json(kind_, facts_, "", "")); }
    const char* content_type() const override { return "application/x-ndjson"; }

private:
    // Calls are told in whole only: clients read an object.
    std::string whole_call() {
        if (index_ < 0) return "";
        Json json = said_json(kind_, facts_, "", "");
        add_call(json, call_);
        call_ = {};
        index_ = -1;
        return json["message"].contains("tool_calls") ? line(json) : "";
    }

    Kind kind_;
    AnswerFacts facts_;
    ToolCall call_;       // the one that comes in pieces
    int64_t index_ = -1;  // its index; -1: there is none
};

class OllamaFormat : public ApiFormat {
public:
    explicit OllamaFormat(Kind kind) : kind_(kind) {}

    std::unique_ptr<StreamWriter> stream(const Call&, const AnswerFacts& facts) const override {
        return std::make_unique<LineStream>(kind_, facts);
    }
    Json whole(const Call&, const AnswerFacts& facts,
               const std::vector<WholeAnswer>& answers) const override {
        const WholeAnswer& answer = answers.front();
        Json json = said_json(kind_, facts, answer.content, answer.thinking);
        for (const auto& call : answer.tool_calls)
            add_call(json, call);
        add_log_probabilities(json, answer.tokens);
        add_end(json, answer.finish);
        return json;
    }
    Json error(const ApiError& error) const override { return error_json(error); }

private:
    Kind kind_;
};

}  // namespace

const ApiFormat& ollama_chat_format() {
    static const OllamaFormat kFormat(Kind::chat);
    return kFormat;
}

const ApiFormat& ollama_generate_format() {
    static const OllamaFormat kFormat(Kind::generate);
    return kFormat;
}

Json ollama_opened(const ApiFormat& format, const AnswerFacts& facts, const std::string& reason) {
    const Kind kind = &format == &ollama_chat_format() ? Kind::chat : Kind::generate;
    Json json = said_json(kind, facts, "", "");
    json["done"] = true;
    json["done_reason"] = reason;
    return json;
}

}  // namespace ovenbird
