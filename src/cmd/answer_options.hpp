#pragma once
// The options that say how an answer is chosen and what form it has: one list for the command line, for what
// a chat sets and unsets, and for JSON.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "run/answer.hpp"

namespace ovenbird {

/// As they are typed. Of `answer`, only what visit_answer_options() names.
struct AnswerWords {
    AnswerOptions answer{};
    bool prompt_lookup = false;
    std::optional<std::string> json_schema{};  // a file, or the schema itself
    bool json_object = false;
    std::optional<std::string> grammar{};  // a file
    std::optional<std::string> regex{};
};

/// Calls visit(name, member, help) for every option; name is the long flag without dashes.
template <typename Words, typename Visitor>
void visit_answer_options(Words& words, Visitor&& visit) {
    auto& answer = words.answer;
    auto& sampling = answer.sampling;
    visit("max-new-tokens", answer.max_new_tokens, "Most tokens to generate");
    visit("temperature", sampling.temperature, "0 is greedy; higher is bolder");
    visit("top-k", sampling.top_k, "Draw from the k most likely tokens only; 0: from all");
    visit("top-p", sampling.top_p, "Draw from the fewest tokens that hold this share of probability");
    visit("min-p", sampling.min_p, "Draw from tokens at least this share as likely as the best");
    visit("repetition-penalty", sampling.repetition_penalty, "Above 1: what was said becomes unlikely");
    visit("presence-penalty", sampling.presence_penalty, "Subtracted once from what was generated");
    visit("frequency-penalty", sampling.frequency_penalty, "Subtracted for each time it was generated");
    visit("logit-bias", sampling.logit_bias, "ID=VALUE: added to a token's logit; repeatable");
    visit("seed", sampling.seed, "The same seed gives the same text");
    visit("stop", answer.stop, "A string, or a special token, that ends the answer; repeatable");
    visit("prompt-lookup", words.prompt_lookup,
          "Draft tokens from what was said before and verify several at once: the same text, sooner where it "
          "repeats itself (not with --stateless)");
    visit("top-log-probabilities", answer.top_log_probabilities,
          "Likeliest tokens that --json tells beside each token, 0 to 20");
    visit("json-schema", words.json_schema,
          "Answer with JSON that this schema takes: a file, or the schema itself");
    visit("json-object", words.json_object, "Answer with a JSON object");
    visit("grammar", words.grammar, "Answer as a grammar says: a file in llguidance's Lark");
    visit("regex", words.regex, "Answer with what this regular expression matches as a whole");
}

void add_answer_options(CLI::App& app, AnswerWords& words);

/// What they say, without a mask: the form's is made for each answer.
AnswerOptions answer_options(const AnswerWords& words);

/// The form that they ask for, files read. Errors: usage (more than one, or an empty one), not_found.
AnswerForm answer_form(const AnswerWords& words);

/// Sets one option as the command line does; one that is repeatable then has this value only. Errors: usage
/// (there is no such option, or it does not take this value).
void set_option(AnswerWords& words, const std::string& name, const std::string& value);
/// Gives one option its default. Errors: usage.
void unset_option(AnswerWords& words, const std::string& name);

/// Every option by its name; null for what is not set.
Json to_json(const AnswerWords& words);

}  // namespace ovenbird
