#include "run/ranking.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "run/softmax.hpp"

namespace ovenbird {
namespace {

constexpr size_t kBuckets = 512;
constexpr float kNothing = 2e-38F;  // what exp_minus gives for minus infinity is below
constexpr size_t kFewest = 64;      // so few are sorted at once
constexpr float kFarBelow = 40.0F;  // exp of minus this weighs nothing beside 1, even 152,000 times
constexpr size_t kTables = 4;       // equal values in a row would wait for each other's sums

// One infinity stands above or below all that is finite: what equals it shares alike, the rest is nothing.
void make_finite(std::vector<float>& values, float largest) {
    for (auto& value : values)
        value = value == largest ? 0.0F : -INFINITY;
}

// Buckets that begin at `largest` and fall by the `slope`; what lies below the last is in the last.
uint16_t bucket_at(float value, float largest, float slope) {
    constexpr auto kLast = static_cast<float>(kBuckets - 1);
    return static_cast<uint16_t>(static_cast<int32_t>(smaller((largest - value) * slope, kLast)));
}

// Neither 0 nor infinite: either could make an infinite distance, or none, into NaN.
float slope_of(float width) {
    return width > 0 ? std::clamp(static_cast<float>(kBuckets) / width, 1e-30F, 1e30F) : 1.0F;
}

}  // namespace

void Ranking::rank(std::vector<float>& values, double temperature) {
    values_.swap(values);
    bucket_of_.resize(values_.size());
    Range range = range_of(values_);
    if (std::isinf(range.largest)) {
        make_finite(values_, range.largest);
        range = range_of(values_);
    }
    largest_ = range.largest;
    inverse_ = static_cast<float>(std::min(1.0 / temperature, 1e30));
    spread(slope_of(std::min(largest_ - range.smallest, static_cast<float>(kFarBelow * temperature))));
}

void Ranking::spread(float slope) {
    std::array<std::array<double, kBuckets>, kTables> mass{};
    std::array<std::array<uint32_t, kBuckets>, kTables> counts{};
    const auto add = [&](size_t i, uint16_t bucket, float weight) {
        bucket_of_[i] = bucket;
        mass[i % kTables][bucket] += static_cast<double>(weight);
        ++counts[i % kTables][bucket];
    };
    const float largest = largest_;  // what is no member cannot change under a loop of vectors
    const float inverse = inverse_;
    size_t i = 0;
    for (; i + kLanes <= values_.size(); i += kLanes) {
        const float* values = &values_[i];
        std::array<float, kLanes> weights;
        std::array<uint16_t, kLanes> buckets;
        for (size_t lane = 0; lane < kLanes; ++lane)
            weights[lane] = exp_minus((largest - values[lane]) * inverse);
        for (size_t lane = 0; lane < kLanes; ++lane)
            buckets[lane] = bucket_at(values[lane], largest, slope);
        for (size_t lane = 0; lane < kLanes; ++lane)
            add(i + lane, buckets[lane], weights[lane]);
    }
    for (; i < values_.size(); ++i)
        add(i, bucket_at(values_[i], largest, slope), weight_of(values_[i]));
    buckets_.assign(kBuckets, {});
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
        for (size_t table = 0; table < kTables; ++table) {
            buckets_[bucket].mass += mass[table][bucket];
            buckets_[bucket].count += counts[table][bucket];
        }
    }
}

float Ranking::weight_of(float value) const {
    return exp_minus((largest_ - value) * inverse_);
}

size_t Ranking::count_within(double distance) const {
    const auto least = static_cast<float>(static_cast<double>(largest_) - distance);
    size_t count = 0;
    for (const float value : values_)
        count += value >= least ? 1 : 0;
    return count;
}

double Ranking::whole_mass() const {
    double mass = 0;
    for (const auto& bucket : buckets_)
        mass += bucket.mass;
    return mass;
}

Ranking::Prefix Ranking::reach(double mass, size_t count) const {
    Prefix before;
    size_t chosen = kBuckets;
    Prefix at_chosen;
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
        if (buckets_[bucket].count == 0) continue;
        chosen = bucket;
        at_chosen = before;
        before.mass += buckets_[bucket].mass;
        before.count += buckets_[bucket].count;
        if (before.mass >= mass || before.count >= count) break;
    }
    std::vector<uint32_t> places;
    places.reserve(buckets_[chosen].count);
    collect(static_cast<uint16_t>(chosen), places);
    return within(std::move(places), at_chosen, mass, count);
}

void Ranking::collect(uint16_t bucket, std::vector<uint32_t>& places) const {
    size_t i = 0;
    for (; i + kLanes <= bucket_of_.size(); i += kLanes) {
        const uint16_t* buckets = &bucket_of_[i];
        uint16_t some = 0;
        for (size_t lane = 0; lane < kLanes; ++lane)
            some = static_cast<uint16_t>(some | (buckets[lane] == bucket ? 1 : 0));
        if (some == 0) continue;
        for (size_t lane = 0; lane < kLanes; ++lane)
            if (buckets[lane] == bucket) places.push_back(static_cast<uint32_t>(i + lane));
    }
    for (; i < bucket_of_.size(); ++i)
        if (bucket_of_[i] == bucket) places.push_back(static_cast<uint32_t>(i));
}

// Narrower and narrower, until few are left or all are equal.
Ranking::Prefix Ranking::within(std::vector<uint32_t> places, Prefix before, double mass,
                                size_t count) const {
    while (places.size() > kFewest) {
        float largest = values_[places[0]];
        float smallest = largest;
        for (const uint32_t place : places) {
            largest = std::max(largest, values_[place]);
            // What is minus infinity is left to the last bucket.
            if (values_[place] > -INFINITY) smallest = std::min(smallest, values_[place]);
        }
        if (std::isinf(smallest)) smallest = largest;
        const bool equal = std::all_of(places.begin(), places.end(),
                                       [&](uint32_t place) { return values_[place] == largest; });
        if (equal) return among_equals(places, before, mass, count);
        const float slope = slope_of(smallest < largest ? largest - smallest : 1.0F);
        std::vector<Bucket> buckets(kBuckets);
        for (const uint32_t place : places) {
            auto& bucket = buckets[bucket_at(values_[place], largest, slope)];
            bucket.mass += static_cast<double>(weight_of(values_[place]));
            ++bucket.count;
        }
        size_t chosen = 0;
        Prefix next = before;
        for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
            if (buckets[bucket].count == 0) continue;
            chosen = bucket;
            before = next;
            next.mass += buckets[bucket].mass;
            next.count += buckets[bucket].count;
            if (next.mass >= mass || next.count >= count) break;
        }
        if (buckets[chosen].count == places.size()) break;  // closer together than floats can be parted
        std::erase_if(places,
                      [&](uint32_t place) { return bucket_at(values_[place], largest, slope) != chosen; });
    }
    return walk(std::move(places), before, mass, count);
}

Ranking::Prefix Ranking::among_equals(const std::vector<uint32_t>& places, Prefix before, double mass,
                                      size_t count) const {
    const auto weight = static_cast<double>(weight_of(values_[places[0]]));
    const double missing = std::ceil((mass - before.mass) / weight);
    const auto most = std::min(count - before.count, places.size());
    const auto taken =
        missing < static_cast<double>(most) ? std::max(static_cast<size_t>(missing), size_t{1}) : most;
    return {places[taken - 1], before.count + taken, before.mass + weight * static_cast<double>(taken)};
}

Ranking::Prefix Ranking::walk(std::vector<uint32_t> places, Prefix prefix, double mass, size_t count) const {
    const auto before = [&](uint32_t a, uint32_t b) {
        return values_[a] != values_[b] ? values_[a] > values_[b] : a < b;
    };
    if (!std::is_sorted(places.begin(), places.end(), before))
        std::sort(places.begin(), places.end(), before);
    for (const uint32_t place : places) {
        // A sum that was rounded down must not lead to what cannot come at all.
        if (weight_of(values_[place]) < kNothing && mass < INFINITY && prefix.count > 0) break;
        prefix.last = place;
        prefix.mass += static_cast<double>(weight_of(values_[place]));
        ++prefix.count;
        if (prefix.mass >= mass || prefix.count >= count) break;
    }
    return prefix;
}

}  // namespace ovenbird
