#pragma once
// What a bake proved of a model's first step, to hold a device against that computes it anew.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

/// A prompt and what the decoder says behind it, in f32.
struct FirstStep {
    std::vector<int64_t> ids{};
    std::vector<std::pair<int64_t, double>> likeliest{};  // token and logit, the likeliest first
    double log_sum = 0;                                   // log of the sum of all logits' exponentials
};

FirstStep first_step(std::span<const int64_t> ids, std::span<const float> logits);

Json to_json(const FirstStep& step);
/// Errors: invalid_input.
FirstStep first_step_from_json(const Json& json);

/// How much is lost when `logits` stand for the decoder's: Kullback-Leibler divergence in nats, over the
/// likeliest tokens and all others as one, which is at most that over all. Infinite for logits that are not
/// finite. What rounding, a half-precision cache and 8-bit activations lose is below a tenth.
double divergence(const FirstStep& step, std::span<const float> logits);

}  // namespace ovenbird
