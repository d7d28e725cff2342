// Answers of Anthropic's messages API; what it reads is in anthropic.cpp.

#include <fmt/format.h>

#include "serve/api/answer_parts.hpp"
#include "serve/api/anthropic.hpp"

namespace ovenbird {
namespace {

Json usage_json(const Usage& usage) {
    return {{"input_tokens", usage.prompt_tokens - usage.cached_tokens},
            {"cache_creation_input_tokens", 0},
            {"cache_read_input_tokens", usage.cached_tokens},
            {"output_tokens", usage.completion_tokens}};
}

const char* stop_reason(End end) {
    switch (end) {
        case End::length:
            return "max_tokens";
        case End::tool_calls:
            return "tool_use";
        case End::stop_string:
            return "stop_sequence";
        case End::stop:
            break;
    }
    return "end_turn";
}

Json stop_sequence(const Finish& finish) {
    return finish.end == End::stop_string ? Json(finish.stop_string) : Json(nullptr);
}

std::string call_id(const std::string& id) {
    return "toolu_" + (id.starts_with("call_") ? id.substr(5) : id);
}

Json message_json(const AnswerFacts& facts, const Usage& usage) {
    return {{"id", "msg_" + facts.id},  {"type", "message"},         {"role", "assistant"},
            {"model", facts.model},     {"content", Json::array()},  {"stop_reason", nullptr},
            {"stop_sequence", nullptr}, {"usage", usage_json(usage)}};
}

const char* error_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 503:
            return "overloaded_error";
        default:
            return status < 500 ? "invalid_request_error" : "api_error";
    }
}

Json error_json(const ApiError& error) {
    return {{"type", "error"},
            {"error", {{"type", error_type(error.status)}, {"message", error.what()}}},
            {"request_id", "req_" + fresh_id()}};
}

std::string event(const Json& json) {
    return fmt::format("event: {}\ndata: {}\n\n", json.at("type").get<std::string>(),
                       json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

class Blocks : public AnswerParts {
protected:
    std::string open_thinking() override {
        return start({{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
    }
    std::string open_text() override { return start({{"type", "text"}, {"text", ""}}); }
    std::string open_call(const std::string& id, const std::string& name) override {
        return start({{"type", "tool_use"}, {"id", call_id(id)}, {"name", name}, {"input", Json::object()}});
    }
    std::string more(Kind kind, const std::string& text, const std::vector<TokenNote>&) override {
        if (kind == Kind::thinking) return delta({{"type", "thinking_delta"}, {"thinking", text}});
        if (kind == Kind::call) return delta({{"type", "input_json_delta"}, {"partial_json", text}});
        return text.empty() ? "" : delta({{"type", "text_delta"}, {"text", text}});
    }
    std::string shut(Kind kind, bool) override {
        std::string frames;
        // Clients wait for one; there is nothing to sign here.
        if (kind == Kind::thinking) frames = delta({{"type", "signature_delta"}, {"signature", ""}});
        return frames + event({{"type", "content_block_stop"}, {"index", index_}});
    }

private:
    std::string start(Json block) {
        ++index_;
        return event(
            {{"type", "content_block_start"}, {"index", index_}, {"content_block", std::move(block)}});
    }
    std::string delta(Json json) const {
        return event({{"type", "content_block_delta"}, {"index", index_}, {"delta", std::move(json)}});
    }

    int64_t index_ = -1;
};

class MessageStream : public StreamWriter {
public:
    explicit MessageStream(const AnswerFacts& facts) : facts_(facts) {}

    std::string begin(int64_t prompt_tokens, int64_t cached_tokens) override {
        return event({{"type", "message_start"},
                      {"message", message_json(facts_, {prompt_tokens, cached_tokens, 0, 0})}});
    }
    std::string delta(int64_t, const Delta& delta) override { return blocks_.take(delta); }
    std::string finish(int64_t, const Finish& finish) override {
        return blocks_.close(finish.end == End::length) +
               event({{"type", "message_delta"},
                      {"delta",
                       {{"stop_reason", stop_reason(finish.end)}, {"stop_sequence", stop_sequence(finish)}}},
                      {"usage", usage_json(finish.usage)}});
    }
    std::string end(const Usage&) override { return event({{"type", "message_stop"}}); }
    std::string error(const ApiError& error) override { return event(error_json(error)); }
    std::string heartbeat() override { return event({{"type", "ping"}}); }

private:
    AnswerFacts facts_;
    Blocks blocks_;
};

// A call that the answer's end has cut may be no object; what there is of it cannot be told.
Json input_of(const ToolCall& call) {
    const Json input = Json::parse(call.arguments, nullptr, false);
    return input.is_object() ? input : Json::object();
}

class AnthropicFormat : public ApiFormat {
public:
    std::unique_ptr<StreamWriter> stream(const Call&, const AnswerFacts& facts) const override {
        return std::make_unique<MessageStream>(facts);
    }
    Json whole(const Call&, const AnswerFacts& facts,
               const std::vector<WholeAnswer>& answers) const override {
        const WholeAnswer& answer = answers.front();
        Json json = message_json(facts, answer.finish.usage);
        Json& content = json["content"];
        if (!answer.thinking.empty())
            content.push_back({{"type", "thinking"}, {"thinking", answer.thinking}, {"signature", ""}});
        if (answer.content.find_first_not_of(" \t\r\n") != std::string::npos)
            content.push_back({{"type", "text"}, {"text", answer.content}});
        for (const auto& call : answer.tool_calls)
            content.push_back({{"type", "tool_use"},
                               {"id", call_id(call.id)},
                               {"name", call.name},
                               {"input", input_of(call)}});
        json["stop_reason"] = stop_reason(answer.finish.end);
        json["stop_sequence"] = stop_sequence(answer.finish);
        return json;
    }
    Json error(const ApiError& error) const override { return error_json(error); }
};

}  // namespace

const ApiFormat& anthropic_format() {
    static const AnthropicFormat kFormat;
    return kFormat;
}

}  // namespace ovenbird
