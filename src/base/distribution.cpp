#include "base/distribution.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace ovenbird {
namespace {

[[noreturn]] void not_finite(size_t token) {
    fail(
        ErrorCode::verification,
        "the logit of token {} is not a finite number; the model overflows or is damaged: ovenbird check DIR "
        "--numerics says where",
        token);
}

double largest_of(std::span<const float> logits) {
    for (size_t i = 0; i < logits.size(); ++i) {
        if (!std::isfinite(logits[i])) not_finite(i);
    }
    return static_cast<double>(*std::max_element(logits.begin(), logits.end()));
}

}  // namespace

int64_t likeliest_token(std::span<const float> logits) {
    return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

double log_probability_of(std::span<const float> logits, int64_t token) {
    const double largest = largest_of(logits);
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit) - largest);
    return static_cast<double>(logits[static_cast<size_t>(token)]) - largest - std::log(sum);
}

RowComparison compare_rows(std::span<const float> expected, std::span<const float> got, int64_t token) {
    if (expected.size() != got.size())
        fail(ErrorCode::internal, "rows of {} and {} logits cannot be compared", expected.size(), got.size());
    const double largest_expected = largest_of(expected);
    const double largest_got = largest_of(got);
    double sum_expected = 0;
    double sum_got = 0;
    double apart = 0;  // of the logits, weighted with what is expected
    for (size_t i = 0; i < expected.size(); ++i) {
        const double from = static_cast<double>(expected[i]) - largest_expected;
        const double to = static_cast<double>(got[i]) - largest_got;
        const double weight = std::exp(from);
        sum_expected += weight;
        sum_got += std::exp(to);
        apart += weight * (from - to);
    }
    const double log_expected = std::log(sum_expected);
    const double log_got = std::log(sum_got);
    const auto at = [&](std::span<const float> row) {
        return static_cast<double>(row[static_cast<size_t>(token)]);
    };
    RowComparison result;
    result.kl = std::max(0.0, apart / sum_expected - log_expected + log_got);
    result.expected_log_probability = at(expected) - largest_expected - log_expected;
    result.got_log_probability = at(got) - largest_got - log_got;
    result.expected_best = likeliest_token(expected);
    result.got_best = likeliest_token(got);
    return result;
}

}  // namespace ovenbird
