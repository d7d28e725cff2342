#include "run/conversation.hpp"

#include <algorithm>
#include <optional>

#include "base/error.hpp"

namespace ovenbird {
namespace {

bool has_system(const std::vector<ChatMessage>& messages) {
    return !messages.empty() && messages.front().role == "system";
}

// Where the turn behind the one at `first` begins; the size where there is none.
size_t next_turn(const std::vector<ChatMessage>& messages, size_t first) {
    const auto begin = messages.begin() + static_cast<std::ptrdiff_t>(std::min(first + 1, messages.size()));
    const auto found = std::find_if(begin, messages.end(), [](const auto& m) { return m.role == "user"; });
    return static_cast<size_t>(found - messages.begin());
}

}  // namespace

Conversation::Conversation(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat,
                           ContextPolicy policy)
    : engine_(engine), tokenizer_(tokenizer), chat_(chat), policy_(policy) {}

size_t Conversation::first_after_system() const {
    return has_system(messages_) ? 1 : 0;
}

Conversation::Prompt Conversation::prompt_of(const Question& question, size_t first) const {
    const auto& messages = question.messages;
    std::vector<ChatMessage> sent(messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end());
    if (first > 0 && has_system(messages)) sent.insert(sent.begin(), messages.front());
    std::string text = chat_.render(sent, true, question.arguments);
    auto thinking = thinking_marks(chat_, tokenizer_, text);
    return {spoken_.encode(tokenizer_, std::move(text)), std::move(thinking), first, 0};
}

// Drops turns until a quarter of the window is free besides the answer's room, so that the next messages fit
// behind what is kept; where that cannot be had, as few as it takes.
Conversation::Prompt Conversation::shifted_prompt(const Question& question, Prompt prompt,
                                                  int64_t room) const {
    const auto& messages = question.messages;
    const int64_t window = engine_.window_tokens();
    std::optional<Prompt> fits;
    int64_t dropped = 0;
    while (true) {
        const size_t first = next_turn(messages, prompt.first);
        if (first == messages.size()) break;
        prompt = prompt_of(question, first);
        prompt.dropped_turns = ++dropped;
        if (prompt.tokens() + room <= window - window / 4) return prompt;
        if (!fits && prompt.tokens() + room <= window) fits = prompt;
    }
    if (fits) return *fits;
    if (prompt.tokens() > window) {
        fail(ErrorCode::usage,
             "this message alone makes a prompt of {} tokens, and the context holds {}; shorten it, or bake "
             "with a larger --context",
             prompt.tokens(), window);
    }
    return prompt;
}

Conversation::Prompt Conversation::fitting_prompt(const Question& question, int64_t answer_tokens) const {
    const int64_t window = engine_.window_tokens();
    const int64_t room = std::clamp<int64_t>(answer_tokens, 1, std::max<int64_t>(1, window / 4));
    Prompt prompt = prompt_of(question, std::max(first_sent_, first_after_system()));
    if (policy_ == ContextPolicy::shift) {
        if (prompt.tokens() + room <= window) return prompt;
        return shifted_prompt(question, std::move(prompt), room);
    }
    if (prompt.tokens() > window) {
        fail(ErrorCode::usage,
             "with this message the conversation has {} tokens, and the context holds {}; start afresh, let "
             "the oldest turns go (context policy shift), or bake with a larger --context",
             prompt.tokens(), window);
    }
    return prompt;
}

Reply Conversation::say(const std::string& text, AnswerOptions options,
                        const std::function<bool(const std::string&)>& on_text) {
    if (text.empty()) fail(ErrorCode::usage, "the message is empty: there is nothing to answer");
    Question question{messages_, options.template_arguments};
    auto& messages = question.messages;
    messages.push_back({"user", text});
    Prompt prompt = fitting_prompt(question, options.max_new_tokens);

    Reply reply;
    reply.dropped_turns = prompt.dropped_turns;
    options.on_long_prompt = LongPrompt::error;
    const int64_t before = engine_.computed_tokens();
    std::optional<int64_t> computed;
    reply.answer = answer(
        engine_, tokenizer_, {prompt.encoded.ids, prompt.thinking}, options, [](int64_t) {},
        [&](const std::string& piece) {
            if (!computed) computed = engine_.computed_tokens() - before;
            return on_text(piece);
        });
    reply.computed_prompt_tokens = computed.value_or(0);

    const auto& generation = reply.answer.generation;
    used_tokens_ = prompt.tokens() + static_cast<int64_t>(generation.tokens.size());
    first_sent_ = prompt.first;
    spoken_.keep(std::move(prompt.encoded));
    spoken_.append(tokenizer_, generation.tokens);
    // Templates want user and assistant in turn: a question without any answer would break that.
    if (generation.reason == FinishReason::interrupted && reply.answer.text.empty()) return reply;
    messages.push_back({"assistant", reply.answer.text, reply.answer.thinking});
    messages_ = std::move(messages);
    return reply;
}

void Conversation::set_system(const std::string& text) {
    const bool had = has_system(messages_);
    if (had) messages_.erase(messages_.begin());
    if (!text.empty()) messages_.insert(messages_.begin(), {"system", text});
    first_sent_ += (text.empty() ? 0U : 1U);
    first_sent_ -= std::min<size_t>(first_sent_, had ? 1U : 0U);
}

void Conversation::reset() {
    messages_.resize(first_after_system());
    first_sent_ = first_after_system();
    spoken_.clear();
    used_tokens_ = 0;
}

}  // namespace ovenbird
