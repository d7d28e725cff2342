#include "run/answer.hpp"

#include <map>

#include "base/error.hpp"
#include "run/stop_strings.hpp"

namespace ovenbird {
namespace {

GenerateOptions generate_options(const AnswerOptions& options, std::vector<int64_t> eos_ids) {
    return {.max_new_tokens = options.max_new_tokens,
            .eos_ids = std::move(eos_ids),
            .sampling = options.sampling,
            .draft_tokens = options.draft_tokens,
            .mask = options.mask,
            .top_log_probabilities = options.top_log_probabilities,
            .stop_asked = options.stop_asked,
            .resumed = options.resumed,
            .on_new_token = options.on_new_token};
}

// Special tokens have no text in an answer: one that is asked to end it must do so by its id.
std::vector<int64_t> ending_ids(const Tokenizer& tokenizer, const std::vector<std::string>& stops,
                                bool ignore_eos) {
    std::vector<int64_t> ids;
    if (!ignore_eos) ids = tokenizer.eos_ids();
    for (const auto& stop : stops) {
        const auto id = tokenizer.token_to_id(stop);
        if (id && tokenizer.is_special(*id)) ids.push_back(*id);
    }
    return ids;
}

// Marks of thinking, and others, may be special tokens, which have no text of their own.
class SpeechDecoder {
public:
    SpeechDecoder(const Tokenizer& tokenizer, const std::optional<ThinkingMarks>& thinking,
                  std::vector<std::string> marks)
        : decoder_(tokenizer) {
        if (thinking) marks.insert(marks.end(), {thinking->begin, thinking->end});
        for (const auto& mark : marks) {
            const auto id = tokenizer.token_to_id(mark);
            if (id && tokenizer.is_special(*id)) marks_[*id] = mark;
        }
    }
    std::string push(int64_t token) {
        const auto mark = marks_.find(token);
        return mark == marks_.end() ? decoder_.push(token) : decoder_.finish() + mark->second;
    }
    std::string finish() { return decoder_.finish(); }

private:
    StreamDecoder decoder_;
    std::map<int64_t, std::string> marks_;
};

// A model's table may be larger than its tokenizer's: such an id has no text.
std::string text_of(const Tokenizer& tokenizer, int64_t token) {
    return tokenizer.id_to_token(token) ? tokenizer.decode({token}, false) : "";
}

}  // namespace

void validate(const AnswerOptions& options) {
    validate(generate_options(options, {}));
}

EncodedPrompt encode_prompt(const Tokenizer& tokenizer, const ChatTemplate* chat, const std::string& prompt,
                            const std::string& system, const TemplateArguments& arguments) {
    if (prompt.empty()) fail(ErrorCode::usage, "the prompt is empty: there is nothing to answer");
    if (chat == nullptr) {
        if (!system.empty()) {
            fail(ErrorCode::usage,
                 "--system needs a chat template; the folder has none, or --raw switches it off");
        }
        return {tokenizer.encode(prompt, true), std::nullopt};
    }
    std::vector<ChatMessage> messages;
    if (!system.empty()) messages.push_back({"system", system});
    messages.push_back({"user", prompt});
    const std::string text = chat->render(messages, true, arguments);
    return {tokenizer.encode(text, false), thinking_marks(*chat, tokenizer, text)};
}

Answer answer(Engine& engine, const Tokenizer& tokenizer, EncodedPrompt encoded, const AnswerOptions& options,
              const std::function<void(int64_t)>& on_drop,
              const std::function<bool(const std::string&)>& on_text) {
    Answer answer;
    auto& prompt = encoded.ids;
    answer.dropped_tokens = fit_prompt(prompt, engine.window_tokens(), options.on_long_prompt);
    if (answer.dropped_tokens > 0) on_drop(answer.dropped_tokens);
    answer.prompt_tokens = static_cast<int64_t>(prompt.size());

    // An answer that has a form has it from its first token on: there is no room for thoughts.
    if (options.mask != nullptr) encoded.thinking.reset();
    SpeechDecoder decoder(tokenizer, encoded.thinking, options.shown_marks);
    ThinkingSplitter splitter(encoded.thinking);
    StopStrings stops(options.stop);
    bool listening = true;
    const auto give = [&](const std::string& text) {
        if (!listening) return false;
        answer.text += text;
        listening = on_text(text);
        return listening;
    };
    const auto hear = [&](const ThinkingSplitter::Piece& piece) {
        answer.thinking += piece.thinking;
        if (!piece.thinking.empty() && options.on_thinking) options.on_thinking(piece.thinking);
        return give(stops.push(piece.answer));
    };
    const auto generating =
        generate_options(options, ending_ids(tokenizer, options.stop, options.ignore_eos));
    answer.generation = generate(engine, std::move(prompt), generating, [&](int64_t token) {
        return hear(splitter.push(decoder.push(token))) && !stops.met();
    });
    hear(splitter.push(decoder.finish()));
    hear(splitter.finish());
    give(stops.finish());
    if (stops.met()) answer.generation.reason = FinishReason::stop;
    answer.stop_string = stops.which();
    for (auto& place : answer.generation.top_log_probabilities)
        for (auto& each : place)
            each.text = text_of(tokenizer, each.token);
    return answer;
}

std::string vocabulary_warning(const Tokenizer& tokenizer, const Engine& engine) {
    if (tokenizer.id_limit() <= engine.vocab_size()) return "";
    return fmt::format(
        "the tokenizer has ids up to {}, but the model knows {} tokens: a prompt that holds one of the "
        "others is "
        "refused; where that is not just a token for padding, give the tokenizer that belongs to this model "
        "(--tokenizer-id)",
        tokenizer.id_limit() - 1, engine.vocab_size());
}

}  // namespace ovenbird
