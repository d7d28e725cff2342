#pragma once
// What a row of logits says, and how far two rows are apart; all sums in double.

#include <cstdint>
#include <span>

namespace ovenbird {

/// The likeliest token of a row, of equals the lowest.
int64_t likeliest_token(std::span<const float> logits);

/// log softmax(logits)[token], in nats. Errors: verification (a logit that is NaN or infinite).
double log_probability_of(std::span<const float> logits, int64_t token);

/// How one row stands to another.
struct RowComparison {
    double kl = 0;  // KL(expected || got), in nats; never negative
    double expected_log_probability = 0;
    double got_log_probability = 0;
    int64_t expected_best = 0;
    int64_t got_best = 0;
};

/// `expected` and `got` have as many values. The log probabilities are those of `token`. Errors: as above.
RowComparison compare_rows(std::span<const float> expected, std::span<const float> got, int64_t token);

}  // namespace ovenbird
