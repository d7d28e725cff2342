#include "cmd/answer_options.hpp"

namespace ovenbird {

namespace {

constexpr int64_t kDraftTokens = 7;  // with the token before them, a graph of 8

void add_sampling_options(CLI::App& app, SamplingOptions& sampling) {
    app.add_option("--temperature", sampling.temperature, "0 is greedy; higher is bolder")
        ->capture_default_str();
    app.add_option("--top-k", sampling.top_k, "Draw from the k most likely tokens only; 0: from all")
        ->capture_default_str();
    app.add_option("--top-p", sampling.top_p,
                   "Draw from the fewest tokens that hold this share of probability")
        ->capture_default_str();
    app.add_option("--min-p", sampling.min_p, "Draw from tokens at least this share as likely as the best")
        ->capture_default_str();
    app.add_option("--repetition-penalty", sampling.repetition_penalty,
                   "Above 1: what was said becomes unlikely")
        ->capture_default_str();
    app.add_option("--presence-penalty", sampling.presence_penalty, "Subtracted once from what was generated")
        ->capture_default_str();
    app.add_option("--frequency-penalty", sampling.frequency_penalty,
                   "Subtracted for each time it was generated")
        ->capture_default_str();
    app.add_option("--seed", sampling.seed, "The same seed gives the same text");
}

}  // namespace

void add_answer_options(CLI::App& app, AnswerOptions& options) {
    app.add_option("--max-new-tokens", options.max_new_tokens, "Most tokens to generate")
        ->capture_default_str();
    add_sampling_options(app, options.sampling);
    app.add_option("--stop", options.stop, "A string that ends the answer; repeatable")
        ->allow_extra_args(false);
    app.add_flag_callback(
        "--prompt-lookup", [&options] { options.draft_tokens = kDraftTokens; },
        "Draft tokens from what was said before and verify several at once: the same text, sooner where it "
        "repeats itself (not with --stateless)");
}

}  // namespace ovenbird
