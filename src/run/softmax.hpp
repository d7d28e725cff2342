#pragma once
// exp over a whole vocabulary, in float and in lanes that a compiler turns into vector instructions.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ovenbird {

/// The smaller of two numbers that are not negative; of NaN and a number, the number. As integers: compilers
/// make vectors of that, but of a comparison of floats only where they may forget its traps.
inline float smaller(float a, float b) {
    return std::bit_cast<float>(std::min(std::bit_cast<int32_t>(a), std::bit_cast<int32_t>(b)));
}

/// exp(-x) for x >= 0 to 1e-7 of itself, but nowhere less than exp(-87). std::exp takes ten times as long.
inline float exp_minus(float x) {
    // 1.5 * 2^23: added and taken away again, it rounds to an integer, which the low bits of the sum hold.
    constexpr float kRound = 12582912.0F;
    const float held = -smaller(x, 87.0F);
    const float shifted = held * 1.44269504F + kRound;
    const float power = shifted - kRound;
    const float r = (held - power * 0.693359375F) - power * -2.12194440e-4F;
    float y = 1.9875691500e-4F;  // the coefficients of Cephes' expf
    y = y * r + 1.3981999507e-3F;
    y = y * r + 8.3334519073e-3F;
    y = y * r + 4.1665795894e-2F;
    y = y * r + 1.6666665459e-1F;
    y = y * r + 5.0000001201e-1F;
    y = y * (r * r) + r + 1.0F;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(y) + (std::bit_cast<uint32_t>(shifted) << 23U));
}

/// Values that are worked on at once.
inline constexpr size_t kLanes = 16;

/// The largest and the smallest of some values, and whether one of them is NaN (both mean nothing then).
struct Range {
    float largest;
    float smallest;
    bool has_nan;
};
/// `values` is not empty.
Range range_of(std::span<const float> values);

/// The log of the sum of exp over `logits`, none of them NaN: a token's log probability is its logit minus
/// this. Infinite where the largest logit is.
double log_sum_exp(std::span<const float> logits);

/// log(softmax(logits)) of a token, by log_sum_exp(logits); equals of an infinite largest logit: 0.
double log_probability(float logit, double log_sum_exp);

/// The ids of the `count` largest, the largest first, of equals the lowest first. None is NaN.
std::vector<int64_t> likeliest(std::span<const float> logits, size_t count);

}  // namespace ovenbird
