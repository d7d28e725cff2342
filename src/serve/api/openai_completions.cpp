#include "serve/api/openai_completions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "serve/api/fields.hpp"
#include "serve/api/openai_chat.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMany = int64_t{1} << 31;
constexpr int64_t kUsualTokens = 16;          // the API's own default
constexpr int64_t kMostLogProbabilities = 5;  // of the API

void read_prompt(const Fields& fields, Ask& ask) {
    const Json& prompt = fields.at("prompt");
    // A list of one text is what some clients send for the text.
    const Json& one = prompt.is_array() && prompt.size() == 1 && !prompt[0].is_number() ? prompt[0] : prompt;
    if (one.is_string()) {
        ask.text = one.get<std::string>();
        if (ask.text.empty()) refuse("prompt", "prompt is empty: there is nothing to go on with");
        return;
    }
    const bool is_ids =
        one.is_array() && !one.empty() && std::all_of(one.begin(), one.end(), [](const Json& id) {
            return id.is_number_integer() && id.get<int64_t>() >= 0;
        });
    if (!is_ids)
        refuse("prompt",
               "prompt must be a text, or a list of tokens; of several prompts, send one request each");
    ask.ids = one.get<std::vector<int64_t>>();
}

// Where each token's text begins in the whole text.
Json logprobs_json(const std::vector<TokenNote>& tokens, size_t& offset) {
    Json texts = Json::array(), values = Json::array(), tops = Json::array(), offsets = Json::array();
    for (const auto& token : tokens) {
        texts.push_back(token.text);
        values.push_back(token.log_probability);
        Json top = Json::object();
        for (const auto& each : token.top)
            top[each.text] = each.log_probability;
        tops.push_back(std::move(top));
        offsets.push_back(offset);
        offset += token.text.size();
    }
    return {{"tokens", std::move(texts)},
            {"token_logprobs", std::move(values)},
            {"top_logprobs", std::move(tops)},
            {"text_offset", std::move(offsets)}};
}

Json frame(const AnswerFacts& facts) {
    return {{"id", "cmpl-" + facts.id},
            {"object", "text_completion"},
            {"created", facts.created},
            {"model", facts.model},
            {"system_fingerprint", facts.fingerprint}};
}

Json choice_json(int64_t index, const std::string& text, Json finish_reason, Json logprobs) {
    return {{"text", text},
            {"index", index},
            {"logprobs", std::move(logprobs)},
            {"finish_reason", std::move(finish_reason)}};
}

class CompletionStream : public StreamWriter {
public:
    CompletionStream(const Call& call, const AnswerFacts& facts)
        : call_(call), facts_(facts), offsets_(static_cast<size_t>(call.answers)) {}

    std::string delta(int64_t choice, const Delta& delta) override {
        std::string text = delta.thinking + delta.content;
        if (call_.echo && choice >= echoed_) {
            echoed_ = choice + 1;
            offsets_[static_cast<size_t>(choice)] = call_.ask.text.size();
            text = call_.ask.text + text;
        }
        if (text.empty() && delta.tokens.empty()) return "";
        Json logprobs = nullptr;
        if (call_.ask.top_log_probabilities >= 0)
            logprobs = logprobs_json(delta.tokens, offsets_[static_cast<size_t>(choice)]);
        return chunk(choice_json(choice, text, nullptr, std::move(logprobs)));
    }
    std::string finish(int64_t choice, const Finish& finish) override {
        last_ = finish;
        return chunk(choice_json(choice, "", openai_finish_reason(finish.end), nullptr));
    }
    std::string end(const Usage& all) override {
        const std::string done = "data: [DONE]\n\n";
        return call_.usage_in_stream ? event(openai_usage_chunk(frame(facts_), all, last_)) + done : done;
    }
    std::string error(const ApiError& error) override { return event(openai_error(error)); }

private:
    std::string chunk(Json choice) const {
        Json json = frame(facts_);
        json["choices"] = Json::array({std::move(choice)});
        return event(json);
    }
    static std::string event(const Json& json) {
        return "data: " + json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
    }

    Call call_;
    AnswerFacts facts_;
    Finish last_;
    std::vector<size_t> offsets_;  // of each choice's next token
    int64_t echoed_ = 0;
};

class CompletionsFormat : public ApiFormat {
public:
    std::unique_ptr<StreamWriter> stream(const Call& call, const AnswerFacts& facts) const override {
        return std::make_unique<CompletionStream>(call, facts);
    }
    Json whole(const Call& call, const AnswerFacts& facts,
               const std::vector<WholeAnswer>& answers) const override {
        Json json = frame(facts);
        json["choices"] = Json::array();
        Usage all;
        for (const auto& answer : answers) {
            const std::string before = call.echo ? call.ask.text : "";
            size_t offset = before.size();
            Json logprobs = nullptr;
            if (call.ask.top_log_probabilities >= 0) logprobs = logprobs_json(answer.tokens, offset);
            json["choices"].push_back(choice_json(
                static_cast<int64_t>(json["choices"].size()), before + answer.thinking + answer.content,
                openai_finish_reason(answer.finish.end), std::move(logprobs)));
            all.add(answer.finish.usage);
        }
        json["usage"] = openai_usage(all);
        json["timings"] = openai_timings(answers.back().finish);
        return json;
    }
    Json error(const ApiError& error) const override { return openai_error(error); }
};

}  // namespace

Call read_openai_completion(const Json& request) {
    const Fields fields(request);
    Call call;
    call.model = fields.needed_text("model");
    read_prompt(fields, call.ask);
    read_openai_sampling(fields, call);
    call.ask.max_new_tokens = fields.integer("max_tokens", 0, kMany).value_or(kUsualTokens);
    if (call.ask.max_new_tokens == 0)
        refuse(
            "max_tokens",
            "max_tokens 0, the prompt's own log probabilities, is not supported; ask for one token at least");
    if (const auto top = fields.integer("logprobs", 0, kMostLogProbabilities))
        call.ask.top_log_probabilities = *top;
    call.echo = fields.boolean("echo").value_or(false);
    if (call.echo && (!call.ask.ids.empty() || call.ask.top_log_probabilities >= 0))
        refuse("echo", "echo is supported for a text without logprobs");
    fields.refuse_given({"suffix"});
    const auto best = fields.integer("best_of", 1, kMany);
    if (best.value_or(call.answers) != call.answers)
        refuse("best_of", "best_of other than n is not supported");
    return call;
}

const ApiFormat& openai_completions_format() {
    static const CompletionsFormat kFormat;
    return kFormat;
}

}  // namespace ovenbird
