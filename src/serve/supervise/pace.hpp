#pragma once
// How long a device takes to compute: by what it took so far, how long the next step may take before it
// hangs.

#include <chrono>
#include <cstdint>

namespace ovenbird {

struct PaceLimits {
    std::chrono::milliseconds unknown{120'000};  // for a step while nothing is known, and the most ever
    std::chrono::milliseconds least{3'000};      // for any step
};

/// Of one model on one device; outlives its workers.
class Pace {
public:
    /// A step of so many tokens has taken so long.
    void note(int64_t tokens, std::chrono::steady_clock::duration took);
    /// What a step may take in which up to `tokens` are computed at once. `is_first`: of a worker, which has
    /// more to do then.
    std::chrono::milliseconds limit(int64_t tokens, bool is_first, const PaceLimits& limits) const;

private:
    double short_ms_ = 0;         // the slowest step of few tokens
    double long_ms_a_token_ = 0;  // the slowest of many
};

}  // namespace ovenbird
