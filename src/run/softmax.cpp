#include "run/softmax.hpp"

#include <array>
#include <cmath>

namespace ovenbird {
namespace {

using Lanes = std::array<float, kLanes>;

}  // namespace

Range range_of(std::span<const float> values) {
    Lanes largest;
    Lanes smallest;
    std::array<uint32_t, kLanes> nan{};
    largest.fill(values[0]);
    smallest.fill(values[0]);
    const auto take = [&](size_t lane, float value) {
        largest[lane] = value > largest[lane] ? value : largest[lane];
        smallest[lane] = value < smallest[lane] ? value : smallest[lane];
        nan[lane] |= value != value ? 1U : 0U;
    };
    size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane)
            take(lane, values[i + lane]);
    }
    for (; i < values.size(); ++i)
        take(0, values[i]);
    return {*std::max_element(largest.begin(), largest.end()),
            *std::min_element(smallest.begin(), smallest.end()),
            std::any_of(nan.begin(), nan.end(), [](uint32_t each) { return each != 0; })};
}

double log_sum_exp(std::span<const float> logits) {
    const float largest = range_of(logits).largest;
    if (std::isinf(largest)) return largest;
    constexpr size_t kBlock = 256 * kLanes;  // a float's sum stays exact enough this far
    double sum = 0;
    size_t i = 0;
    while (i + kLanes <= logits.size()) {
        Lanes lanes{};
        const size_t end = std::min(i + kBlock, logits.size());
        for (; i + kLanes <= end; i += kLanes) {
            for (size_t lane = 0; lane < kLanes; ++lane)
                lanes[lane] += exp_minus(largest - logits[i + lane]);
        }
        for (const float lane : lanes)
            sum += static_cast<double>(lane);
    }
    for (; i < logits.size(); ++i)
        sum += static_cast<double>(exp_minus(largest - logits[i]));
    return static_cast<double>(largest) + std::log(sum);
}

double log_probability(float logit, double log_sum_exp) {
    const auto value = static_cast<double>(logit);
    return value == log_sum_exp ? 0.0 : value - log_sum_exp;
}

std::vector<int64_t> likeliest(std::span<const float> logits, size_t count) {
    std::vector<int64_t> best;
    const auto logit = [&](int64_t id) { return logits[static_cast<size_t>(id)]; };
    for (size_t i = 0; count > 0 && i < logits.size(); ++i) {
        if (best.size() == count) {
            if (logits[i] <= logit(best.back())) continue;
            best.pop_back();
        }
        const auto place = std::upper_bound(best.begin(), best.end(), logits[i],
                                            [&](float value, int64_t id) { return value > logit(id); });
        best.insert(place, static_cast<int64_t>(i));
    }
    return best;
}

}  // namespace ovenbird
