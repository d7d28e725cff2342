#include "run/sampler.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "run/softmax.hpp"

namespace ovenbird {
namespace {

void check_range(const char* name, double value, double low, double high) {
    if (value >= low && value <= high) return;
    fail(ErrorCode::usage, "--{} {} is outside {} to {}", name, value, low, high);
}

// Those that a mask allows, in the order of their ids.
void allowed_ids(size_t vocabulary, std::span<const uint32_t> mask, std::vector<int64_t>& ids) {
    for (size_t word = 0; word < mask.size() && word * 32 < vocabulary; ++word) {
        // Most masks allow next to all, or next to nothing.
        if (mask[word] == ~uint32_t{0} && (word + 1) * 32 <= vocabulary) {
            ids.resize(ids.size() + 32);
            std::iota(ids.end() - 32, ids.end(), static_cast<int64_t>(word * 32));
            continue;
        }
        for (uint32_t bits = mask[word]; bits != 0; bits &= bits - 1) {
            const size_t id = word * 32 + static_cast<size_t>(std::countr_zero(bits));
            if (id < vocabulary) ids.push_back(static_cast<int64_t>(id));
        }
    }
}

void check_numbers(std::span<const float> logits) {
    if (logits.empty()) fail(ErrorCode::internal, "there are no logits to choose from");
    if (!range_of(logits).has_nan) return;
    const auto nan = std::find_if(logits.begin(), logits.end(), [](float each) { return std::isnan(each); });
    fail(ErrorCode::verification,
         "the device computed NaN for token {}; try another --device, or --ov-config "
         "INFERENCE_PRECISION_HINT=f32",
         nan - logits.begin());
}

// The first of the largest.
size_t place_of_largest(std::span<const float> values) {
    const float largest = range_of(values).largest;
    return static_cast<size_t>(std::find(values.begin(), values.end(), largest) - values.begin());
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
    for (const auto& [token, bias] : options.logit_bias) {
        if (!std::isfinite(bias) || token < 0)
            fail(ErrorCode::usage, "--logit-bias {}={}: expected a token's id and a finite number", token,
                 bias);
    }
}

Sampler::Sampler(const SamplingOptions& options, std::span<const int64_t> prompt)
    : options_(options), seed_(options.seed ? *options.seed : std::random_device{}()), random_(seed_) {
    validate(options_);
    for (const int64_t token : prompt)
        seen(token);
}

Sampler::Seen& Sampler::seen(int64_t token) {
    const auto [place, is_new] = place_of_seen_.try_emplace(token, seen_.size());
    if (is_new) seen_.push_back({token, 0});
    return seen_[place->second];
}

bool Sampler::adjusts() const {
    return options_.repetition_penalty != 1 || options_.presence_penalty != 0 ||
           options_.frequency_penalty != 0 || !options_.logit_bias.empty();
}

// Touches what was seen and what is biased, nothing else.
void Sampler::adjust(std::span<const float> logits) {
    values_.assign(logits.begin(), logits.end());
    if (!adjusts()) return;
    const auto count = static_cast<int64_t>(values_.size());
    for (const auto& [token, generated] : seen_) {
        if (token < 0 || token >= count) continue;
        double value = values_[static_cast<size_t>(token)];
        value = value > 0 ? value / options_.repetition_penalty : value * options_.repetition_penalty;
        if (generated > 0) {
            value -= options_.presence_penalty;
            value -= options_.frequency_penalty * static_cast<double>(generated);
        }
        values_[static_cast<size_t>(token)] = static_cast<float>(value);
    }
    for (const auto& [token, bias] : options_.logit_bias) {
        if (token >= count) continue;
        auto& value = values_[static_cast<size_t>(token)];
        value = static_cast<float>(value + bias);
    }
}

void Sampler::keep_allowed(std::span<const uint32_t> mask) {
    ids_.clear();
    if (mask.empty()) return;
    allowed_ids(values_.size(), mask, ids_);
    if (ids_.empty()) fail(ErrorCode::internal, "there are no logits to choose from");
    for (size_t i = 0; i < ids_.size(); ++i)
        values_[i] = values_[static_cast<size_t>(ids_[i])];  // ids rise: it was not yet written to
    values_.resize(ids_.size());
}

int64_t Sampler::token_at(size_t place) const {
    return ids_.empty() ? static_cast<int64_t>(place) : ids_[place];
}

// Every filter keeps a beginning of the order: the k likeliest, those above a share of the best, the fewest
// that hold a share of the rest.
Sampler::Kept Sampler::filter() {
    constexpr double kAll = std::numeric_limits<double>::infinity();
    Kept kept{values_.size(), 0};
    ranking_.rank(values_, options_.temperature);
    const size_t all = kept.count;
    if (options_.top_k > 0) kept.count = std::min(kept.count, static_cast<size_t>(options_.top_k));
    if (options_.min_p > 0)
        kept.count =
            std::min(kept.count, ranking_.count_within(-options_.temperature * std::log(options_.min_p)));
    kept.mass = kept.count < all ? ranking_.reach(kAll, kept.count).mass : ranking_.whole_mass();
    if (options_.top_p < 1) {
        const auto share = ranking_.reach(options_.top_p * kept.mass, kept.count);
        kept = {share.count, share.mass};
    }
    return kept;
}

std::vector<Sampler::Candidate> Sampler::candidates(std::span<const float> logits,
                                                    std::span<const uint32_t> mask) {
    check_numbers(logits);
    adjust(logits);
    keep_allowed(mask);
    const Kept kept = filter();
    std::vector<Candidate> all;
    double before = 0;
    for (size_t count = 1; count <= kept.count; ++count) {
        const auto prefix = ranking_.reach(std::numeric_limits<double>::infinity(), count);
        all.push_back({token_at(prefix.last), (prefix.mass - before) / kept.mass});
        before = prefix.mass;
    }
    return all;
}

// Uniform in [0, 1), from the top 53 bits: the standard leaves its own distributions to each library.
double Sampler::draw() {
    return static_cast<double>(random_() >> 11U) * 0x1.0p-53;
}

int64_t Sampler::choose(std::span<const float> logits, std::span<const uint32_t> mask) {
    int64_t token = 0;
    if (options_.temperature == 0 && !adjusts()) {
        token = argmax(logits, mask);
    } else {
        check_numbers(logits);
        adjust(logits);
        keep_allowed(mask);
        token = token_at(options_.temperature == 0 ? place_of_largest(values_) : drawn_place());
    }
    ++seen(token).generated;
    return token;
}

void Sampler::took(int64_t token) {
    if (options_.temperature != 0) draw();
    ++seen(token).generated;
}

size_t Sampler::drawn_place() {
    const double drawn = draw();  // one for each token, whatever there is to choose from: see took()
    const Kept kept = filter();
    if (kept.count == 1) return ranking_.reach(0, 1).last;
    // The first with which more than the drawn share is reached.
    const double share = std::nextafter(drawn * kept.mass, std::numeric_limits<double>::infinity());
    return ranking_.reach(share, kept.count).last;
}

int64_t argmax(std::span<const float> logits, std::span<const uint32_t> mask) {
    check_numbers(logits);
    if (mask.empty()) return static_cast<int64_t>(place_of_largest(logits));
    std::vector<int64_t> ids;
    allowed_ids(logits.size(), mask, ids);
    std::optional<size_t> best;
    for (const int64_t id : ids) {
        const auto i = static_cast<size_t>(id);
        if (!best || logits[i] > logits[*best]) best = i;
    }
    if (!best) fail(ErrorCode::internal, "there are no logits to choose from");
    return static_cast<int64_t>(*best);
}

}  // namespace ovenbird
