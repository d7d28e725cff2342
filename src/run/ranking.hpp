#pragma once
// Tokens in the order of their likelihood, of which only the part that is asked for is sorted.

#include <cstdint>
#include <span>
#include <vector>

namespace ovenbird {

/// Order: the larger value first, of equals the lower place. Values are spread over buckets, each with its
/// share; a question opens the one bucket in which its answer lies. The work is linear in the number of
/// tokens, whatever the values are. Kept from token to token, it allocates nothing new for them.
class Ranking {
public:
    /// Ranks the values of places 0, 1, …: one weighs exp((value - largest) / temperature). Not empty, no
    /// NaN, temperature above 0.
    void rank(std::vector<float>& values, double temperature);

    /// The places up to one of the order.
    struct Prefix {
        size_t last = 0;  // the place of the last of them
        size_t count = 0;
        double mass = 0;  // their weights
    };
    /// The shortest prefix that weighs `mass` or more, or has `count` places (1 … all of them).
    Prefix reach(double mass, size_t count) const;
    /// How many values lie at most so far below the largest.
    size_t count_within(double distance) const;
    double whole_mass() const;

private:
    struct Bucket {
        double mass = 0;
        size_t count = 0;
    };
    void spread(float slope);
    float weight_of(float value) const;
    void collect(uint16_t bucket, std::vector<uint32_t>& places) const;
    Prefix within(std::vector<uint32_t> places, Prefix before, double mass, size_t count) const;
    Prefix among_equals(const std::vector<uint32_t>& places, Prefix before, double mass, size_t count) const;
    Prefix walk(std::vector<uint32_t> places, Prefix prefix, double mass, size_t count) const;

    std::vector<float> values_;
    std::vector<uint16_t> bucket_of_;
    std::vector<Bucket> buckets_;
    float largest_ = 0;
    float inverse_ = 1;  // of the temperature
};

}  // namespace ovenbird
