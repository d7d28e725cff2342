#include "cmd/answer_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace ovenbird {

namespace {

constexpr int64_t kDraftTokens = 7;  // with the token before them, a graph of 8

bool read_whole(const char* begin, const char* end, double& value) {
    const auto read = std::from_chars(begin, end, value);
    return read.ec == std::errc() && read.ptr == end;
}

void add_biases(const std::vector<std::string>& words, std::map<int64_t, double>& biases) {
    for (const auto& word : words) {
        int64_t id = 0;
        double value = 0;
        const char* end = word.data() + word.size();
        const auto name = std::from_chars(word.data(), end, id);
        const bool named = name.ec == std::errc() && id >= 0 && name.ptr != end && *name.ptr == '=';
        if (!named || !read_whole(name.ptr + 1, end, value) || !std::isfinite(value))
            throw CLI::ValidationError("--logit-bias",
                                       fmt::format("'{}' is not ID=VALUE, such as 42=-3.5", word));
        biases[id] = value;
    }
}

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
    app.add_option_function<std::vector<std::string>>(
           "--logit-bias", [&sampling](const auto& words) { add_biases(words, sampling.logit_bias); },
           "ID=VALUE: added to a token's logit; repeatable")
        ->allow_extra_args(false);
    app.add_option("--seed", sampling.seed, "The same seed gives the same text");
}

}  // namespace

void add_answer_options(CLI::App& app, AnswerOptions& options) {
    app.add_option("--max-new-tokens", options.max_new_tokens, "Most tokens to generate")
        ->capture_default_str();
    add_sampling_options(app, options.sampling);
    app.add_option("--stop", options.stop, "A string that ends the answer; repeatable")
        ->allow_extra_args(false);
    app.add_option("--top-log-probabilities", options.top_log_probabilities,
                   "Likeliest tokens that --json tells beside each token, 0 to 20")
        ->capture_default_str();
    app.add_flag_function(
        "--prompt-lookup",
        [&options](int64_t wanted) { options.draft_tokens = wanted > 0 ? kDraftTokens : 0; },
        "Draft tokens from what was said before and verify several at once: the same text, sooner where it "
        "repeats itself (not with --stateless)");
}

}  // namespace ovenbird
