#pragma once
// A conversation: its messages, and answers that cost the new tokens only.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "run/answer.hpp"
#include "run/engine.hpp"
#include "run/spoken_tokens.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

/// An answer, and what it cost.
struct Reply {
    Answer answer;
    int64_t computed_prompt_tokens = 0;  // the others were kept from earlier turns; 0 where nobody counts
    int64_t dropped_turns = 0;           // by this message, under ContextPolicy::shift
};

/// Holds references to an engine, a tokenizer and a template, which must outlive it; one thread at a time.
class Conversation {
public:
    Conversation(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat, ContextPolicy policy);

    /// Says `text` as the user and keeps both it and the answer as messages. `on_text` gets text as soon as
    /// it is certain and returns false to stop: what was said by then is kept (where that is nothing, the
    /// user's message goes, too). Of `options`, neither on_long_prompt nor system count here. Errors: usage
    /// (nothing was said, the context is too small under the policy), invalid_input (the template refuses),
    /// those of answer(), and what on_text throws; the conversation is then as it was, and usable.
    Reply say(const std::string& text, AnswerOptions options,
              const std::function<bool(const std::string&)>& on_text);

    /// The system message from now on; empty: the template's own default, if it has one.
    void set_system(const std::string& text);
    /// Forgets all messages but the system's.
    void reset();

    /// All that was said, also what is not sent any more; the system message, if there is one, first.
    const std::vector<ChatMessage>& messages() const { return messages_; }
    /// Tokens of the last prompt and its answer.
    int64_t used_tokens() const { return used_tokens_; }

private:
    struct Prompt {
        SpokenTokens::Encoded encoded;
        std::optional<ThinkingMarks> thinking;
        size_t first = 0;  // of the messages sent behind the system's
        int64_t dropped_turns = 0;
        int64_t tokens() const { return static_cast<int64_t>(encoded.ids.size()); }
    };
    size_t first_after_system() const;
    /// What is asked: the messages, and how the template is to render them.
    struct Question {
        std::vector<ChatMessage> messages;
        TemplateArguments arguments;
    };
    Prompt prompt_of(const Question& question, size_t first) const;
    Prompt fitting_prompt(const Question& question, int64_t answer_tokens) const;
    Prompt shifted_prompt(const Question& question, Prompt prompt, int64_t room) const;

    Engine& engine_;
    const Tokenizer& tokenizer_;
    const ChatTemplate& chat_;
    ContextPolicy policy_;
    std::vector<ChatMessage> messages_;
    size_t first_sent_ = 0;  // the oldest message that is still sent, apart from the system's
    SpokenTokens spoken_;
    int64_t used_tokens_ = 0;
};

}  // namespace ovenbird
