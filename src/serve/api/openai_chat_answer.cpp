#include <fmt/format.h>
#include "serve/api/fields.hpp"
#include "serve/api/openai_chat.hpp"

namespace ovenbird {
namespace {

Json logprobs_json(const std::vector<TokenNote>& tokens) {
    Json content = Json::array();
    for (const auto& token : tokens) {
        Json each = openai_token(token.text, token.log_probability);
        each["top_logprobs"] = Json::array();
        for (const auto& top : token.top)
            each["top_logprobs"].push_back(openai_token(top.text, top.log_probability));
        content.push_back(std::move(each));
    }
    return {{"content", std::move(content)}, {"refusal", nullptr}};
}

class ChatStream : public StreamWriter {
public:
    ChatStream(const Call& call, const AnswerFacts& facts) : call_(call), facts_(facts) {}

    std::string delta(int64_t choice, const Delta& delta) override {
        std::string frames = open(choice);
        Json said = Json::object();
        if (!delta.thinking.empty()) said["reasoning_content"] = delta.thinking;
        if (!delta.content.empty()) said["content"] = delta.content;
        for (const auto& piece : delta.tool_calls) {
            Json call{{"index", piece.index}};
            if (!piece.id.empty()) call["id"] = piece.id;
            if (!piece.id.empty()) call["type"] = "function";
            call["function"] = Json::object();
            if (!piece.name.empty()) call["function"]["name"] = piece.name;
            call["function"]["arguments"] = piece.arguments;
            said["tool_calls"].push_back(std::move(call));
        }
        if (said.empty() && delta.tokens.empty()) return frames;
        Json chunk_choice{{"index", choice}, {"delta", std::move(said)}, {"finish_reason", nullptr}};
        if (!delta.tokens.empty()) chunk_choice["logprobs"] = logprobs_json(delta.tokens);
        return frames + chunk(std::move(chunk_choice));
    }

    std::string finish(int64_t choice, const Finish& finish) override {
        last_ = finish;
        return open(choice) + chunk({{"index", choice},
                                     {"delta", Json::object()},
                                     {"finish_reason", openai_finish_reason(finish.end)}});
    }

    std::string end(const Usage& all) override {
        const std::string done = "data: [DONE]\n\n";
        return call_.usage_in_stream ? event(openai_usage_chunk(frame(), all, last_)) + done : done;
    }

    std::string error(const ApiError& error) override { return event(openai_error(error)); }

private:
    // Once for each choice: who speaks.
    std::string open(int64_t choice) {
        if (choice < opened_) return "";
        opened_ = choice + 1;
        return chunk({{"index", choice},
                      {"delta", {{"role", "assistant"}, {"content", ""}}},
                      {"finish_reason", nullptr}});
    }
    Json frame() const {
        return {{"id", "chatcmpl-" + facts_.id},
                {"object", "chat.completion.chunk"},
                {"created", facts_.created},
                {"model", facts_.model},
                {"system_fingerprint", facts_.fingerprint}};
    }
    std::string chunk(Json choice) const {
        Json json = frame();
        json["choices"] = Json::array({std::move(choice)});
        if (call_.usage_in_stream) json["usage"] = nullptr;
        return event(json);
    }
    static std::string event(const Json& json) {
        return "data: " + json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
    }

    Call call_;
    AnswerFacts facts_;
    Finish last_;
    int64_t opened_ = 0;
};

Json message_json(const WholeAnswer& answer) {
    Json message{{"role", "assistant"}, {"content", answer.content}, {"refusal", nullptr}};
    if (!answer.thinking.empty()) message["reasoning_content"] = answer.thinking;
    if (answer.tool_calls.empty()) return message;
    if (answer.content.empty()) message["content"] = nullptr;
    for (const auto& call : answer.tool_calls)
        message["tool_calls"].push_back({{"id", call.id},
                                         {"type", "function"},
                                         {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
    return message;
}

class ChatFormat : public ApiFormat {
public:
    std::unique_ptr<StreamWriter> stream(const Call& call, const AnswerFacts& facts) const override {
        return std::make_unique<ChatStream>(call, facts);
    }
    Json whole(const Call& call, const AnswerFacts& facts,
               const std::vector<WholeAnswer>& answers) const override {
        Json choices = Json::array();
        Usage all;
        for (const auto& answer : answers) {
            Json choice{{"index", choices.size()}, {"message", message_json(answer)}};
            choice["logprobs"] =
                call.ask.top_log_probabilities >= 0 ? logprobs_json(answer.tokens) : Json(nullptr);
            choice["finish_reason"] = openai_finish_reason(answer.finish.end);
            choices.push_back(std::move(choice));
            all.add(answer.finish.usage);
        }
        return {{"id", "chatcmpl-" + facts.id},
                {"object", "chat.completion"},
                {"created", facts.created},
                {"model", facts.model},
                {"system_fingerprint", facts.fingerprint},
                {"choices", std::move(choices)},
                {"usage", openai_usage(all)},
                {"timings", openai_timings(answers.back().finish)}};
    }
    Json error(const ApiError& error) const override { return openai_error(error); }
};

}  // namespace

const ApiFormat& openai_chat_format() {
    static const ChatFormat kFormat;
    return kFormat;
}

Json openai_error(const ApiError& error) {
    const Json parameter = error.parameter.empty() ? Json(nullptr) : Json(error.parameter);
    return {{"error",
             {{"message", error.what()},
              {"type", error.kind},
              {"param", parameter},
              {"code", error.code.empty() ? Json(nullptr) : Json(error.code)}}}};
}

Json openai_usage(const Usage& usage) {
    return {{"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
            {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
            {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}}};
}

Json openai_timings(const Finish& finish) {
    const auto& timings = finish.timings;
    return {{"cache_n", finish.usage.cached_tokens},
            {"prompt_n", finish.usage.prompt_tokens - finish.usage.cached_tokens},
            {"prompt_ms", timings.first_token_ms},
            {"predicted_n", finish.usage.completion_tokens},
            {"predicted_ms", timings.total_ms - timings.first_token_ms},
            {"predicted_per_second", timings.tokens_per_second},
            {"queue_ms", timings.queue_ms},
            {"ttft_ms", timings.queue_ms + timings.first_token_ms}};
}

Json openai_usage_chunk(Json frame, const Usage& all, const Finish& last) {
    frame["choices"] = Json::array();
    frame["usage"] = openai_usage(all);
    frame["timings"] = openai_timings(last);
    return frame;
}

Json openai_token(const std::string& text, double log_probability) {
    Json bytes = Json::array();
    for (const char byte : text)
        bytes.push_back(static_cast<unsigned char>(byte));
    return {{"token", text}, {"logprob", log_probability}, {"bytes", std::move(bytes)}};
}

const char* openai_finish_reason(End end) {
    switch (end) {
        case End::length:
            return "length";
        case End::tool_calls:
            return "tool_calls";
        case End::stop:
        case End::stop_string:
            break;
    }
    return "stop";
}

}  // namespace ovenbird
