// Answers of OpenAI's responses API; what it reads is in responses.cpp.

#include <fmt/format.h>

#include "serve/api/answer_parts.hpp"
#include "serve/api/openai_chat.hpp"
#include "serve/api/responses.hpp"

namespace ovenbird {
namespace {

Json usage_json(const Usage& usage) {
    return {{"input_tokens", usage.prompt_tokens},
            {"input_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"cache_write_tokens", 0}}},
            {"output_tokens", usage.completion_tokens},
            {"output_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

Json logprobs_json(const std::vector<TokenNote>& tokens) {
    Json all = Json::array();
    for (const auto& token : tokens) {
        Json each = openai_token(token.text, token.log_probability);
        each["top_logprobs"] = Json::array();
        for (const auto& top : token.top)
            each["top_logprobs"].push_back(openai_token(top.text, top.log_probability));
        all.push_back(std::move(each));
    }
    return all;
}

Json response_json(const Call& call, const AnswerFacts& facts, const char* status, Json output) {
    Json json{{"id", "resp_" + facts.id},
              {"object", "response"},
              {"created_at", facts.created},
              {"status", status},
              {"background", false},
              {"error", nullptr},
              {"incomplete_details", nullptr},
              {"model", facts.model},
              {"output", std::move(output)},
              {"previous_response_id", nullptr},
              {"service_tier", "default"},
              {"store", false},
              {"usage", nullptr}};
    json.update(call.repeated);
    return json;
}

Json ended_json(const Call& call, const AnswerFacts& facts, End end, const Usage& usage, Json output) {
    const bool is_cut = end == End::length;
    Json json = response_json(call, facts, is_cut ? "incomplete" : "completed", std::move(output));
    if (is_cut) json["incomplete_details"] = {{"reason", "max_output_tokens"}};
    json["usage"] = usage_json(usage);
    return json;
}

const char* item_status(bool is_cut) {
    return is_cut ? "incomplete" : "completed";
}

/// Items of an answer, and the events that tell of them.
class Items : public AnswerParts {
public:
    explicit Items(const std::string& id) : id_(id) {}

    const Json& output() const { return output_; }
    std::string event(const char* type, const Json& json) {
        Json whole{{"type", type}, {"sequence_number", number_++}};
        whole.update(json);
        return fmt::format("event: {}\ndata: {}\n\n", type,
                           whole.dump(-1, ' ', false, Json::error_handler_t::replace));
    }

protected:
    std::string open_thinking() override {
        part_ = {{"type", "reasoning_text"}, {"text", ""}};
        std::string frames = add({{"id", own_id("rs")},
                                  {"type", "reasoning"},
                                  {"summary", Json::array()},
                                  {"content", Json::array()},
                                  {"status", "in_progress"}});
        return frames + add_part();
    }
    std::string open_text() override {
        part_ = {{"type", "output_text"},
                 {"text", ""},
                 {"annotations", Json::array()},
                 {"logprobs", Json::array()}};
        std::string frames = add({{"id", own_id("msg")},
                                  {"type", "message"},
                                  {"role", "assistant"},
                                  {"status", "in_progress"},
                                  {"content", Json::array()}});
        return frames + add_part();
    }
    std::string open_call(const std::string& id, const std::string& name) override {
        return add({{"id", own_id("fc")},
                    {"type", "function_call"},
                    {"call_id", id},
                    {"name", name},
                    {"arguments", ""},
                    {"status", "in_progress"}});
    }
    std::string more(Kind kind, const std::string& text, const std::vector<TokenNote>& tokens) override {
        text_ += text;
        if (kind == Kind::call)
            return event("response.function_call_arguments.delta", place({{"delta", text}}));
        if (kind == Kind::thinking)
            return event("response.reasoning_text.delta", part_place({{"delta", text}}));
        Json logprobs = logprobs_json(tokens);
        for (const auto& each : logprobs)
            part_["logprobs"].push_back(each);
        return event("response.output_text.delta",
                     part_place({{"delta", text}, {"logprobs", std::move(logprobs)}}));
    }
    std::string shut(Kind kind, bool cut) override {
        Json& item = output_.back();
        item["status"] = item_status(cut);
        std::string frames;
        if (kind == Kind::call) {
            item["arguments"] = text_;
            frames = event("response.function_call_arguments.done",
                           place({{"name", item["name"]}, {"arguments", text_}}));
        } else {
            part_["text"] = text_;
            item["content"].push_back(part_);
            Json done = part_place({{"text", text_}});
            if (kind == Kind::text) done["logprobs"] = part_["logprobs"];
            frames = event(kind == Kind::text ? "response.output_text.done" : "response.reasoning_text.done",
                           done);
            frames += event("response.content_part.done", part_place({{"part", part_}}));
        }
        return frames +
               event("response.output_item.done", {{"output_index", output_.size() - 1}, {"item", item}});
    }

private:
    std::string own_id(const char* kind) const { return fmt::format("{}_{}{}", kind, id_, output_.size()); }
    std::string add(Json item) {
        text_.clear();
        output_.push_back(std::move(item));
        return event("response.output_item.added",
                     {{"output_index", output_.size() - 1}, {"item", output_.back()}});
    }
    std::string add_part() { return event("response.content_part.added", part_place({{"part", part_}})); }
    Json place(const Json& more) const {
        Json json{{"item_id", output_.back().at("id")}, {"output_index", output_.size() - 1}};
        json.update(more);
        return json;
    }
    Json part_place(const Json& more) const {
        Json json = place({{"content_index", 0}});
        json.update(more);
        return json;
    }

    std::string id_;
    std::string text_;  // of the item that is open
    Json part_;         // likewise
    Json output_ = Json::array();
    int64_t number_ = 0;
};

class ResponseStream : public StreamWriter {
public:
    ResponseStream(const Call& call, const AnswerFacts& facts)
        : call_(call), facts_(facts), items_(facts.id) {}

    std::string begin(int64_t, int64_t) override {
        const Json response = response_json(call_, facts_, "in_progress", Json::array());
        std::string frames = items_.event("response.created", {{"response", response}});
        return frames + items_.event("response.in_progress", {{"response", response}});
    }
    std::string delta(int64_t, const Delta& delta) override { return items_.take(delta); }
    std::string finish(int64_t, const Finish& finish) override {
        end_ = finish.end;
        return items_.close(end_ == End::length);
    }
    std::string end(const Usage& all) override {
        const char* type = end_ == End::length ? "response.incomplete" : "response.completed";
        return items_.event(type, {{"response", ended_json(call_, facts_, end_, all, items_.output())}});
    }
    std::string error(const ApiError& error) override {
        const std::string code = !error.code.empty()  ? error.code
                                 : error.status < 500 ? "invalid_prompt"
                                                      : "server_error";
        std::string frames = items_.close(true);
        frames += items_.event("error", {{"code", code}, {"message", error.what()}, {"param", nullptr}});
        Json response = response_json(call_, facts_, "failed", items_.output());
        response["error"] = {{"code", code}, {"message", error.what()}};
        return frames + items_.event("response.failed", {{"response", std::move(response)}});
    }

private:
    Call call_;
    AnswerFacts facts_;
    Items items_;
    End end_ = End::stop;
};

class ResponsesFormat : public ApiFormat {
public:
    std::unique_ptr<StreamWriter> stream(const Call& call, const AnswerFacts& facts) const override {
        return std::make_unique<ResponseStream>(call, facts);
    }
    Json whole(const Call& call, const AnswerFacts& facts,
               const std::vector<WholeAnswer>& answers) const override {
        const WholeAnswer& answer = answers.front();
        Items items(facts.id);
        Delta delta{answer.content, answer.thinking, {}, answer.tokens};
        for (const auto& each : answer.tool_calls)
            delta.tool_calls.push_back(
                {static_cast<int64_t>(delta.tool_calls.size()), each.id, each.name, each.arguments});
        (void)items.take(delta);
        (void)items.close(answer.finish.end == End::length);
        return ended_json(call, facts, answer.finish.end, answer.finish.usage, items.output());
    }
    Json error(const ApiError& error) const override { return openai_error(error); }
};

}  // namespace

const ApiFormat& responses_format() {
    static const ResponsesFormat kFormat;
    return kFormat;
}

}  // namespace ovenbird
