#pragma once
// Which token comes next: greedy, or drawn from what the logits say. On the host, so that it is the same on
// every device.

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "ovenbird/answer.hpp"
#include "run/ranking.hpp"

namespace ovenbird {

/// Errors: usage, naming the option and what it takes.
void validate(const SamplingOptions& options);

/// Chooses token after token of one answer. The same seed and logits give the same tokens on every machine.
class Sampler {
public:
    /// `prompt`: counts for the repetition penalty, as in transformers. Errors: usage.
    Sampler(const SamplingOptions& options, std::span<const int64_t> prompt);

    /// Chooses, and remembers the choice for the penalties. Of equals, the lowest id. `mask`, where there is
    /// one, says which tokens may be chosen (as TokenMask::allowed does): the others are as if they were not
    /// there. Errors: verification on NaN, internal on no logits, or none that may be chosen.
    int64_t choose(std::span<const float> logits, std::span<const uint32_t> mask = {});
    /// As if choose() had chosen it: what comes next is as it would have been then.
    void took(int64_t token);

    /// The candidates that could be chosen, the most likely first, their probabilities adding up to 1. For
    /// looking at, not for every token: each is sought for itself.
    struct Candidate {
        int64_t token;
        double probability;
    };
    std::vector<Candidate> candidates(std::span<const float> logits, std::span<const uint32_t> mask = {});

    uint64_t seed() const { return seed_; }

private:
    struct Seen {
        int64_t token = 0;
        int64_t generated = 0;  // times; 0: it is in the prompt only
    };
    struct Kept {
        size_t count;
        double mass;
    };
    Seen& seen(int64_t token);
    void adjust(std::span<const float> logits);
    void keep_allowed(std::span<const uint32_t> mask);
    Kept filter();
    size_t drawn_place();
    int64_t token_at(size_t place) const;
    bool adjusts() const;
    double draw();

    SamplingOptions options_;
    uint64_t seed_;
    std::mt19937_64 random_;
    std::vector<Seen> seen_;
    std::unordered_map<int64_t, size_t> place_of_seen_;
    // Of the token under way, kept for their memory.
    std::vector<float> values_;
    std::vector<int64_t> ids_;  // of the values; none: their places
    Ranking ranking_;
};

/// Index of the largest logit, the lowest of equals (greedy decoding). Errors: verification on NaN (the
/// device computed nonsense: no text is better than a wrong one), internal on no logits. With a mask, the
/// largest of those it allows.
int64_t argmax(std::span<const float> logits, std::span<const uint32_t> mask = {});

}  // namespace ovenbird
