#include "run/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "text/token_mask.hpp"

namespace ovenbird {
namespace {

void check_range(const char* name, double value, double low, double high) {
    if (value >= low && value <= high) return;
    fail(ErrorCode::usage, "--{} {} is outside {} to {}", name, value, low, high);
}

// Turns log weights into probabilities. Equals of an infinite largest share alike: their difference is no
// number.
void normalise(std::vector<Sampler::Candidate>& candidates) {
    const double largest = candidates.front().probability;
    double sum = 0;
    for (auto& candidate : candidates) {
        const double weight = candidate.probability;
        candidate.probability = weight == largest ? 1.0 : std::exp(weight - largest);
        sum += candidate.probability;
    }
    for (auto& candidate : candidates)
        candidate.probability /= sum;
}

void keep_probable(std::vector<Sampler::Candidate>& candidates, double min_p) {
    const double least = min_p * candidates.front().probability;
    while (candidates.back().probability < least)
        candidates.pop_back();
}

void keep_share(std::vector<Sampler::Candidate>& candidates, double top_p) {
    double share = 0;
    size_t count = 0;
    while (count < candidates.size() && share < top_p)
        share += candidates[count++].probability;
    candidates.resize(std::max<size_t>(count, 1));
}

void scale_to_one(std::vector<Sampler::Candidate>& candidates) {
    const double sum =
        std::accumulate(candidates.begin(), candidates.end(), 0.0,
                        [](double total, const auto& each) { return total + each.probability; });
    for (auto& candidate : candidates)
        candidate.probability /= sum;
}

}  // namespace

void validate(const SamplingOptions& options) {
    check_range("temperature", options.temperature, 0, 100);
    check_range("top-k", static_cast<double>(options.top_k), 0, 1e9);
    check_range("top-p", options.top_p, 0, 1);
    check_range("min-p", options.min_p, 0, 1);
    check_range("repetition-penalty", options.repetition_penalty, 0.01, 100);
    check_range("presence-penalty", options.presence_penalty, -100, 100);
    check_range("frequency-penalty", options.frequency_penalty, -100, 100);
}

Sampler::Sampler(const SamplingOptions& options, std::span<const int64_t> prompt)
    : options_(options), seed_(options.seed ? *options.seed : std::random_device{}()), random_(seed_) {
    validate(options_);
    for (const int64_t token : prompt)
        seen_[token].in_prompt = true;
}

bool Sampler::adjusts() const {
    return options_.repetition_penalty != 1 || options_.presence_penalty != 0 ||
           options_.frequency_penalty != 0 || !options_.logit_bias.empty();
}

double Sampler::adjusted(int64_t token, float logit) const {
    double value = logit;
    const auto seen = seen_.find(token);
    if (seen != seen_.end()) {
        value = value > 0 ? value / options_.repetition_penalty : value * options_.repetition_penalty;
        if (seen->second.generated > 0) {
            value -= options_.presence_penalty;
            value -= options_.frequency_penalty * static_cast<double>(seen->second.generated);
        }
    }
    const auto bias = options_.logit_bias.find(token);
    return bias == options_.logit_bias.end() ? value : value + bias->second;
}

std::vector<Sampler::Candidate> Sampler::candidates(std::span<const float> logits,
                                                    std::span<const uint32_t> mask) const {
    const int64_t best = argmax(logits, mask);  // also refuses NaN
    const bool greedy = options_.temperature == 0;
    if (greedy && !adjusts()) return {{best, 1.0}};
    std::vector<Candidate> all;
    all.reserve(mask.empty() ? logits.size() : 0);
    for (size_t i = 0; i < logits.size(); ++i) {
        const auto token = static_cast<int64_t>(i);
        if (mask.empty() || is_allowed(mask, i)) all.push_back({token, adjusted(token, logits[i])});
    }
    const auto before = [](const Candidate& a, const Candidate& b) {
        return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
    };
    if (greedy) return {{std::min_element(all.begin(), all.end(), before)->token, 1.0}};
    const auto wanted = static_cast<size_t>(options_.top_k);
    if (wanted > 0 && wanted < all.size()) {
        std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(wanted - 1), all.end(),
                         before);
        all.resize(wanted);
    }
    std::sort(all.begin(), all.end(), before);
    for (auto& candidate : all)
        candidate.probability /= options_.temperature;
    normalise(all);
    keep_probable(all, options_.min_p);
    if (options_.top_p < 1) {
        scale_to_one(all);
        keep_share(all, options_.top_p);
    }
    scale_to_one(all);
    return all;
}

// Uniform in [0, 1), from the top 53 bits: the standard leaves its own distributions to each library.
double Sampler::draw() {
    return static_cast<double>(random_() >> 11U) * 0x1.0p-53;
}

ChosenToken Sampler::choose(std::span<const float> logits, std::span<const uint32_t> mask) {
    const auto choices = candidates(logits, mask);
    size_t chosen = 0;
    if (choices.size() > 1) {
        double rest = draw();
        while (chosen + 1 < choices.size() && rest >= choices[chosen].probability)
            rest -= choices[chosen++].probability;
    }
    const auto& choice = choices[chosen];
    ++seen_[choice.token].generated;
    return {choice.token, std::log(choice.probability)};
}

int64_t argmax(std::span<const float> logits, std::span<const uint32_t> mask) {
    std::optional<size_t> best;
    for (size_t i = 0; i < logits.size(); ++i) {
        if (std::isnan(logits[i])) {
            fail(ErrorCode::verification,
                 "the device computed NaN for token {}; try another --device, or --ov-config "
                 "INFERENCE_PRECISION_HINT=f32",
                 i);
        }
        if (best && logits[i] <= logits[*best]) continue;
        if (mask.empty() || is_allowed(mask, i)) best = i;
    }
    if (!best) fail(ErrorCode::internal, "there are no logits to choose from");
    return static_cast<int64_t>(*best);
}

}  // namespace ovenbird
