#pragma once
// Which token comes next: greedy, or drawn from what the logits say. On the host, so that it is the same on
// every device.

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "ovenbird/answer.hpp"

namespace ovenbird {

/// Errors: usage, naming the option and what it takes.
void validate(const SamplingOptions& options);

/// A token and its natural log probability, after everything that SamplingOptions does.
struct ChosenToken {
    int64_t token = 0;
    double log_probability = 0;
};

/// Chooses token after token of one answer. The same seed and logits give the same tokens on every machine.
class Sampler {
public:
    /// `prompt`: counts for the repetition penalty, as in transformers. Errors: usage.
    Sampler(const SamplingOptions& options, std::span<const int64_t> prompt);

    /// Chooses, and remembers the choice for the penalties. Of equals, the lowest id. `mask`, where there is
    /// one, says which tokens may be chosen (as TokenMask::allowed does): the others are as if they were not
    /// there. Errors: verification on NaN, internal on no logits, or none that may be chosen.
    ChosenToken choose(std::span<const float> logits, std::span<const uint32_t> mask = {});

    /// The candidates that could be chosen, the most likely first, their probabilities adding up to 1.
    struct Candidate {
        int64_t token;
        double probability;
    };
    std::vector<Candidate> candidates(std::span<const float> logits,
                                      std::span<const uint32_t> mask = {}) const;

    uint64_t seed() const { return seed_; }

private:
    struct Seen {
        bool in_prompt = false;
        int64_t generated = 0;
    };
    double adjusted(int64_t token, float logit) const;
    bool adjusts() const;
    double draw();

    SamplingOptions options_;
    uint64_t seed_;
    std::mt19937_64 random_;
    std::map<int64_t, Seen> seen_;
};

/// Index of the largest logit, the lowest of equals (greedy decoding). Errors: verification on NaN (the
/// device computed nonsense: no text is better than a wrong one), internal on no logits. With a mask, the
/// largest of those it allows.
int64_t argmax(std::span<const float> logits, std::span<const uint32_t> mask = {});

}  // namespace ovenbird
