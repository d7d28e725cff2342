#include "run/chat.hpp"

#include "base/error.hpp"
#include "run/stop_strings.hpp"

namespace ovenbird {

std::vector<int64_t> encode_prompt(const Tokenizer& tokenizer, const ChatTemplate* chat,
                                   const std::string& prompt, const std::string& system) {
    if (prompt.empty()) fail(ErrorCode::usage, "the prompt is empty: there is nothing to answer");
    if (chat == nullptr) {
        if (!system.empty()) {
            fail(ErrorCode::usage,
                 "--system needs a chat template; the folder has none, or --raw switches it off");
        }
        return tokenizer.encode(prompt, true);
    }
    std::vector<ChatMessage> messages;
    if (!system.empty()) messages.push_back({"system", system});
    messages.push_back({"user", prompt});
    return tokenizer.encode(chat->render(messages), false);
}

Answer answer(Engine& engine, const Tokenizer& tokenizer, std::vector<int64_t> prompt,
              const AnswerOptions& options, const std::function<void(int64_t)>& on_drop,
              const std::function<bool(const std::string&)>& on_text) {
    Answer answer;
    answer.dropped_tokens = fit_prompt(prompt, engine.window_tokens(), options.on_long_prompt);
    if (answer.dropped_tokens > 0) on_drop(answer.dropped_tokens);
    answer.prompt_tokens = static_cast<int64_t>(prompt.size());

    StreamDecoder decoder(tokenizer);
    StopStrings stops(options.stop);
    const auto give = [&](const std::string& text) {
        answer.text += text;
        return on_text(text);
    };
    const GenerateOptions generate_options{options.max_new_tokens, tokenizer.eos_ids(), options.sampling,
                                           options.draft_tokens, options.mask};
    answer.generation = generate(engine, std::move(prompt), generate_options, [&](int64_t token) {
        return give(stops.push(decoder.push(token))) && !stops.met();
    });
    give(stops.push(decoder.finish()));
    give(stops.finish());
    if (stops.met()) answer.generation.reason = FinishReason::stop;
    return answer;
}

void check_vocabulary(const Tokenizer& tokenizer, const Engine& engine) {
    if (tokenizer.id_limit() <= engine.vocab_size()) return;
    fail(ErrorCode::invalid_input,
         "the tokenizer has ids up to {}, but the model knows {} tokens; give the tokenizer that belongs to "
         "this "
         "model (--tokenizer-id)",
         tokenizer.id_limit() - 1, engine.vocab_size());
}

}  // namespace ovenbird
