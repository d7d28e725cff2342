#pragma once
// The options that say how an answer is chosen and what form it has: one list for the command line, for what
// a chat sets and unsets, and for JSON.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <set>
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
    bool greedy = false;
    bool show_thinking = false;
    std::set<std::string> given{};  // names of the options that the command line had
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
    visit("greedy", words.greedy, "Always the likeliest token, whatever generation_config.json says");
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
    visit("template-arg", answer.template_arguments,
          "NAME=VALUE: a variable of the chat template (enable_thinking=false); repeatable");
    visit("show-thinking", words.show_thinking,
          "Write what a reasoning model thinks before its answer to standard error");
}

void add_answer_options(CLI::App& app, AnswerWords& words);

/// After the command line was parsed: notes which options it had. Errors: usage (--greedy beside sampling).
void note_given(const CLI::App& app, AnswerWords& words);

/// Where the folder's generation_config.json says do_sample, its temperature, top_k, top_p, min_p and
/// repetition_penalty (transformers' defaults for what it leaves out) become those of the options that the
/// command line did not have. Returns what to tell; empty: nothing changed. Errors: invalid_input.
std::string apply_generation_config(AnswerWords& words, const std::filesystem::path& folder);

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
