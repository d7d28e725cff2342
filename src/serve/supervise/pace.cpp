#include "serve/supervise/pace.hpp"

#include <algorithm>

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kFewTokens = 16;
constexpr int64_t kMostTokens = 1024;  // that one run of a graph takes
constexpr double kChunkTokens = 128;   // that one takes usually
// Than the slowest so far: a device that shares its time is not dead. Long steps vary less.
constexpr double kMuchSlower = 20;
constexpr double kSlowerWhenLong = 8;
constexpr double kFirstIsSlower = 4;

}  // namespace

void Pace::note(int64_t tokens, std::chrono::steady_clock::duration took) {
    if (tokens <= 0) return;
    const double ms = std::chrono::duration<double, std::milli>(took).count();
    if (tokens <= kFewTokens) {
        short_ms_ = std::max(short_ms_, ms);
    } else {
        long_ms_a_token_ = std::max(long_ms_a_token_, ms / static_cast<double>(tokens));
    }
}

milliseconds Pace::limit(int64_t tokens, bool is_first, const PaceLimits& limits) const {
    const auto most = std::max(limits.unknown, limits.least);
    if (short_ms_ == 0 && long_ms_a_token_ == 0) return most;
    // Of what was not seen yet, by the other: few tokens take no longer than a chunk, many no longer than
    // each for itself.
    const double short_ms = short_ms_ > 0 ? short_ms_ : long_ms_a_token_ * kChunkTokens;
    const double ms_a_token = long_ms_a_token_ > 0 ? long_ms_a_token_ : short_ms_;
    double usual = kMuchSlower * short_ms;
    if (tokens > kFewTokens)
        usual = std::max(usual,
                         kSlowerWhenLong * ms_a_token * static_cast<double>(std::min(tokens, kMostTokens)));
    const double ms = usual * (is_first ? kFirstIsSlower : 1);
    return std::clamp(milliseconds(static_cast<int64_t>(std::min(ms, 1e12))), limits.least, most);
}

}  // namespace ovenbird
