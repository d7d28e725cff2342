#pragma once
// The text loop: a prompt in words, an answer that streams as text.

#include <functional>
#include <optional>
#include <string>

#include "run/generate.hpp"
#include "run/prompt.hpp"
#include "text/chat_template.hpp"
#include "text/thinking.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

struct AnswerOptions {
    int64_t max_new_tokens = 256;
    LongPrompt on_long_prompt = LongPrompt::truncate;
    std::string system;  // empty: the template's own default
    SamplingOptions sampling{};
    int64_t draft_tokens = 0;           // most that prompt lookup drafts at once
    std::vector<std::string> stop;      // strings that end the answer and do not show
    TokenMask* mask = nullptr;          // what the answer may be, advanced with it; none: anything
    int64_t top_log_probabilities = 0;  // likeliest tokens told beside each one
    TemplateArguments template_arguments{};
    /// Gets what the model thinks before its answer, as it comes; may be empty.
    std::function<void(const std::string&)> on_thinking{};
    StopAsked stop_asked{};                  // asked at every step and between the runs of a long prompt
    bool ignore_eos = false;                 // only the limits and stop strings end the answer
    std::vector<std::string> shown_marks{};  // special tokens whose text shows, as those around tool calls
    std::vector<int64_t> resumed{};  // tokens of the answer that are there already: see GenerateOptions
    std::function<void(const NewToken&)> on_new_token{};  // before the text that it brings; may be empty
};

struct Answer {
    std::string text;
    std::string thinking;     // what stood between the model's marks for that, before the text
    std::string stop_string;  // of AnswerOptions::stop, that which ended it; empty: none did
    Generation generation;
    int64_t prompt_tokens = 0;   // as sent, after any truncation
    int64_t dropped_tokens = 0;  // from the prompt's start
};

/// Errors: usage, naming the option and what it takes; to be called before a model is opened.
void validate(const AnswerOptions& options);

struct EncodedPrompt {
    std::vector<int64_t> ids;
    std::optional<ThinkingMarks> thinking;  // of a model that thinks between marks
};

/// A prompt: rendered by `chat` as one user message (after the system message, if any), or, without a
/// template, the text itself with what the tokenizer adds. Errors: usage (a system message without a
/// template, an empty prompt), invalid_input.
EncodedPrompt encode_prompt(const Tokenizer& tokenizer, const ChatTemplate* chat, const std::string& prompt,
                            const std::string& system, const TemplateArguments& arguments = {});

/// Answers a prompt of ids. `on_drop` hears of truncated tokens before the first step; `on_text` gets text as
/// soon as it is certain, never half a character, and returns false to stop; it is also asked, with no text,
/// at tokens that bring none. Errors: those of fit_prompt and generate.
Answer answer(Engine& engine, const Tokenizer& tokenizer, EncodedPrompt encoded, const AnswerOptions& options,
              const std::function<void(int64_t)>& on_drop,
              const std::function<bool(const std::string&)>& on_text);

/// What to tell when the tokenizer has ids that the model has no embedding for (many fine-tunes add a token
/// for padding and leave the table as it was); else nothing. A prompt with such an id is an error of
/// generate().
std::string vocabulary_warning(const Tokenizer& tokenizer, const Engine& engine);

}  // namespace ovenbird
