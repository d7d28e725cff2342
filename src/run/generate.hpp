#pragma once
// The token loop: prompt ids in, new ids out, one engine step a token.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "run/engine.hpp"
#include "run/sampler.hpp"
#include "text/token_mask.hpp"

namespace ovenbird {

/// A token that was just chosen.
struct NewToken {
    int64_t id = 0;
    double log_probability = 0;  // natural, as the engine's logits say
    std::span<const TokenLogProbability>
        top;  // of the likeliest ones, as many as were asked for, without texts
};

struct GenerateOptions {
    int64_t max_new_tokens = 256;
    std::vector<int64_t> eos_ids{};
    SamplingOptions sampling{};
    int64_t draft_tokens = 0;   // most that prompt lookup drafts at once, where the engine can verify them
    TokenMask* mask = nullptr;  // what the answer may be, advanced with it; none: anything
    int64_t top_log_probabilities = 0;  // likeliest tokens told beside each one
    StopAsked stop_asked{};             // asked at every step and between the runs of a long prompt
    /// What was generated before, by the same seed: on_token hears of it at once, and the answer goes on
    /// behind.
    std::vector<int64_t> resumed{};
    std::function<void(const NewToken&)>
        on_new_token{};  // before on_token, not for resumed ones; may be empty
};

struct Generation {
    std::vector<int64_t> tokens;  // new ones, without the EOS
    // Of each, natural, as the engine's logits say: before anything that SamplingOptions or a mask do. NaN of
    // resumed ones, whose logits nobody asked for again.
    std::vector<double> log_probabilities;
    std::vector<std::vector<TokenLogProbability>> top_log_probabilities;  // of each, without texts
    uint64_t seed = 0;                                                    // draws the same tokens again
    FinishReason reason = FinishReason::length;
    double first_token_ms = 0;  // from the call to the first token
    double total_ms = 0;
    int64_t steps = 0;     // engine steps taken
    int64_t drafted = 0;   // tokens that prompt lookup proposed
    int64_t accepted = 0;  // of them, those that the model chose too

    /// New tokens a second, over the whole call.
    double tokens_per_second() const;
};

/// Errors: usage, naming the option and what it takes.
void validate(const GenerateOptions& options);

/// Each token is chosen from the engine's logits for the whole window so far. `on_token` sees each new token;
/// returning false ends the loop, and so does stop_asked (interrupted). Errors: usage (those of validate()),
/// invalid_input (an id outside the vocabulary), those of the engine.
Generation generate(Engine& engine, std::vector<int64_t> prompt, const GenerateOptions& options,
                    const std::function<bool(int64_t)>& on_token);

}  // namespace ovenbird
