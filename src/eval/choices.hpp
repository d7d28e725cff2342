#pragma once
// Multiple choice: which of some continuations a model finds likeliest, reckoned as lm-eval's loglikelihood
// does it (EleutherAI/lm-evaluation-harness).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/report.hpp"
#include "eval/logit_rows.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

struct ChoiceQuestion {
    std::string context;
    std::vector<std::string> choices;  // two at least, none of them empty
    size_t answer = 0;
};

/// JSON lines: {"context" or "question": text, "choices": [text, …], "answer": index}; empty lines are left
/// out. `origin` (a file name) is named in errors. Errors: invalid_input, with the line.
std::vector<ChoiceQuestion> parse_choices(std::string_view text, const std::string& origin);

/// A continuation behind its context, as tokens.
struct ContinuationTokens {
    Sequence input;    // what is computed: all tokens but the last
    Sequence targets;  // the continuation; the first follows input[input.size() - targets.size()]
    bool cut = false;  // the context lost tokens at its start
};

/// The context's tokens are those that it has alone, its trailing white space counted to the continuation. Of
/// both encoded as one text, the continuation's are those behind as many tokens. An empty context is the
/// tokenizer's BOS, else its EOS. A context too long loses its start, so that `most_tokens` tokens are
/// computed. Errors: invalid_input (a continuation without tokens, or of more than most_tokens).
ContinuationTokens encode_continuation(const Tokenizer& tokenizer, std::string context,
                                       std::string continuation, int64_t most_tokens);

/// All continuations of some questions.
struct ChoiceTokens {
    std::vector<ContinuationTokens> continuations;  // question by question, choice by choice
    int64_t cut = 0;                                // of them, those whose context lost tokens
    std::vector<Sequence> inputs() const;
};

/// A choice follows its context behind `delimiter`. Errors: as encode_continuation(), with the question.
ChoiceTokens encode_choices(const Tokenizer& tokenizer, const std::vector<ChoiceQuestion>& questions,
                            const std::string& delimiter, int64_t most_tokens);

struct AnsweredQuestion {
    std::vector<double> log_likelihoods;  // of each choice, summed over its tokens, nats
    size_t chosen = 0;                    // the likeliest, of equals the first
    size_t chosen_by_length = 0;          // the likeliest a byte of the choice's text
};

struct ChoiceFigures {
    std::vector<AnsweredQuestion> answers;
    int64_t right = 0;
    int64_t right_by_length = 0;
    double acc() const;
    double acc_norm() const;
};

/// Sequences [first, …) of `logits` are tokens.inputs(). Errors: verification (logits that are not finite
/// numbers), those of the rows.
ChoiceFigures answer_choices(const std::vector<ChoiceQuestion>& questions, const ChoiceTokens& tokens,
                             const LogitRows& logits, size_t first, Reporter& reporter);

/// Share of questions for which both chose the same, by the sums. Both have answered the same questions.
double equal_choices(const ChoiceFigures& left, const ChoiceFigures& right);

}  // namespace ovenbird
