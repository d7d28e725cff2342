#pragma once
// How one tile of sixteen groups gets its scales and zero points, and how its values become codes.
//
// A tile is transposed, so that a lane is a group: every group's sums, division and choice then cost a
// sixteenth.

#include <algorithm>
#include <span>

#include "bake/quantize/kernels.hpp"
#include "bake/quantize/lanes.hpp"

namespace ovenbird {
namespace lanes {

constexpr float kSmallestScale = 0x1p-24F;  // f16's smallest
constexpr float kLargestScale = 65504.0F;
constexpr int64_t kLongestShortGroup = 256;

/// What sixteen groups are stored with: values are nearest(value * inverse) clamped to [lowest, highest],
/// times scale. `lowest` is minus the zero point.
template <class F>
struct TileScales {
    F scale;
    F lowest;
    F highest;
    F wanted;  // the plain scale's magnitude before f16 had a say
};

template <class F>
struct Extremes {
    F smallest;
    F largest;
};

/// Weighted sums over a group for one assignment of integers d to its values x. Errors of large values weigh
/// more than squared error says, the more the smaller the group: |x| for a channel, x² for a short group
/// (bench/kl_vs_nncf.py).
template <class F>
struct Fit {
    F xd;
    F dd;
};

/// Zero groups and those below f16's range get its smallest scale; so an inverse is always finite.
template <class F>
OVENBIRD_INLINE F storable_scale(F scale) {
    const F rounded = round_magnitude_to_f16(smaller(magnitude(scale), all<F>(kLargestScale)));
    return with_sign(larger(rounded, all<F>(kSmallestScale)), scale);
}

template <class F>
OVENBIRD_INLINE void transpose(const float* values, int64_t groups, int64_t size, float* tile) {
    if (groups < kLanesOf<F>) std::fill_n(tile, kLanesOf<F> * size, 0.0F);
    for (int64_t column = 0; column < size; column += kLanesOf<F>) {
        const int64_t end = std::min(column + kLanesOf<F>, size);
        for (int64_t group = 0; group < groups; ++group) {
            for (int64_t at = column; at < end; ++at)
                tile[at * kLanesOf<F> + group] = values[group * size + at];
        }
    }
}

/// Both include zero, which a zero point must be able to express.
template <class F>
OVENBIRD_INLINE Extremes<F> extremes(const float* tile, int64_t size) {
    Extremes<F> found{};
    for (int64_t at = 0; at < size; ++at) {
        const F value = load<F>(tile + at * kLanesOf<F>);
        found.smallest = smaller(found.smallest, value);
        found.largest = larger(found.largest, value);
    }
    return found;
}

template <class F>
OVENBIRD_INLINE Fit<F> fit(const float* tile, int64_t size, F scale, const TileScales<F>& range) {
    const bool is_short = size <= kLongestShortGroup;
    const F inverse = 1.0F / scale;
    Fit<F> sums{};
    for (int64_t at = 0; at < size; ++at) {
        const F x = load<F>(tile + at * kLanesOf<F>);
        const F d = larger(smaller(round_to_integer(x * inverse), range.highest), range.lowest);
        const F weighted = (is_short ? x * x : magnitude(x)) * d;
        sums.xd += weighted * x;
        sums.dd += weighted * d;
    }
    return sums;
}

/// The weighted squared error less the part that no choice of scale changes.
template <class F>
OVENBIRD_INLINE F loss(const Fit<F>& sums, F scale) {
    return scale * (scale * sums.dd - 2.0F * sums.xd);
}

template <class F>
struct Search {
    TileScales<F> best;
    F best_loss;
};

/// Rounds to integers with `range.scale`, refits the scale to them by least squares, keeps it if it is
/// better.
template <class F>
OVENBIRD_INLINE void consider(const float* tile, int64_t size, const TileScales<F>& range,
                              Search<F>& search) {
    const Fit<F> sums = fit(tile, size, range.scale, range);
    const F refitted = storable_scale(select<F>(sums.dd > 0.0F, sums.xd / sums.dd, range.scale));
    const F candidate_loss = loss(sums, refitted);
    const IntsOf<F> better = candidate_loss < search.best_loss;
    search.best.scale = select<F>(better, refitted, search.best.scale);
    search.best.lowest = select<F>(better, range.lowest, search.best.lowest);
    search.best.highest = select<F>(better, range.highest, search.best.highest);
    search.best_loss = select<F>(better, candidate_loss, search.best_loss);
}

template <class F>
OVENBIRD_INLINE void begin_search(const float* tile, int64_t size, const TileScales<F>& plain,
                                  Search<F>& search) {
    search.best = plain;
    search.best_loss = loss(fit(tile, size, plain.scale, plain), plain.scale);
}

/// The value of largest magnitude becomes -8 (INT8: -128), so a scale may be negative.
template <class F>
OVENBIRD_INLINE TileScales<F> symmetric_scales(const float* tile, int64_t size, int bits,
                                               bool search_scales) {
    const float levels = bits == 4 ? 8.0F : 128.0F;
    const Extremes<F> found = extremes<F>(tile, size);
    const F peak = select<F>(-found.smallest >= found.largest, found.smallest, found.largest);
    const F wanted = peak / -levels;
    const TileScales<F> plain{storable_scale(wanted), all<F>(-levels), all<F>(levels - 1), magnitude(wanted)};
    if (!search_scales) return plain;
    // Factors from a slight clip of the largest value to a grid that it does not fill; both signs, for the
    // range is [-8, 7].
    constexpr float kForChannels[] = {0.80F, 0.85F, 0.90F, 0.95F, 1.0F, 1.05F, 1.10F, 1.15F};
    constexpr float kForShortGroups[] = {0.95F, 0.97F, 1.0F, 1.02F};
    const std::span<const float> factors =
        size <= kLongestShortGroup ? std::span<const float>(kForShortGroups) : kForChannels;
    Search<F> search;
    begin_search(tile, size, plain, search);
    for (const float factor : factors) {
        for (const float sign : {1.0F, -1.0F}) {
            TileScales<F> range = plain;
            range.scale = with_sign(larger(magnitude(plain.scale * factor), all<F>(kSmallestScale)),
                                    plain.scale * sign);
            consider(tile, size, range, search);
        }
    }
    return search.best;
}

template <class F>
OVENBIRD_INLINE TileScales<F> asymmetric_range(F low, F high, float levels) {
    TileScales<F> range;
    range.wanted = (high - low) / levels;
    range.scale = storable_scale(range.wanted);
    const F zero_point = smaller(larger(round_to_integer(-low / range.scale), all<F>(0.0F)), all<F>(levels));
    range.lowest = -zero_point;
    range.highest = levels - zero_point;
    return range;
}

template <class F>
OVENBIRD_INLINE TileScales<F> asymmetric_scales(const float* tile, int64_t size, int bits,
                                                bool search_scales) {
    const float levels = bits == 4 ? 15.0F : 255.0F;
    const Extremes<F> found = extremes<F>(tile, size);
    const TileScales<F> plain = asymmetric_range(found.smallest, found.largest, levels);
    if (!search_scales) return plain;
    constexpr float kForChannels[] = {0.70F, 0.80F, 0.90F, 1.0F, 1.05F};
    constexpr float kForShortGroups[] = {0.92F, 0.96F, 1.0F, 1.03F};
    const std::span<const float> factors =
        size <= kLongestShortGroup ? std::span<const float>(kForShortGroups) : kForChannels;
    Search<F> search;
    begin_search(tile, size, plain, search);
    for (const float low : factors) {
        for (const float high : factors) {
            consider(tile, size, asymmetric_range(found.smallest * low, found.largest * high, levels),
                     search);
        }
    }
    return search.best;
}

/// Sixteen partial sums whatever the vectors' width, so that the total is the same on every processor.
template <class F>
struct ErrorSum {
    static constexpr int kVectors = 16 / kLanesOf<F>;
    F parts[kVectors];

    OVENBIRD_INLINE double total() const {
        float terms[16];
        std::memcpy(terms, parts, sizeof terms);
        double sum = 0;
        for (const float term : terms)
            sum += static_cast<double>(term);
        return sum;
    }
};

/// At most kPiece of one group's values as integers from zero.
constexpr int64_t kPiece = 256;
template <class F>
OVENBIRD_INLINE void encode(const float* values, int64_t count, const TileScales<F>& scales, int lane,
                            int32_t offset, int32_t* codes, ErrorSum<F>& error) {
    const F scale = all<F>(to_array(scales.scale)[static_cast<size_t>(lane)]);
    const F inverse = 1.0F / scale;
    const F lowest = all<F>(to_array(scales.lowest)[static_cast<size_t>(lane)]);
    const F highest = all<F>(to_array(scales.highest)[static_cast<size_t>(lane)]);
    for (int64_t at = 0; at < count; at += 16) {
        float padded[16] = {};
        const float* from = values + at;
        if (count - at < 16) from = std::copy(from, values + count, padded) - (count - at);
        for (int vector = 0; vector < ErrorSum<F>::kVectors; ++vector) {
            const int first = vector * kLanesOf<F>;
            const F x = load<F>(from + first);
            const F d = larger(smaller(round_to_integer(x * inverse), highest), lowest);
            const F miss = x - d * scale;
            error.parts[vector] += miss * miss;
            const IntsOf<F> whole = to_integers(d) + offset;
            std::memcpy(codes + at + first, &whole, sizeof whole);
        }
    }
}

/// Two values a byte, the earlier in the low half.
OVENBIRD_INLINE void pack_nibbles(const int32_t* codes, int64_t count, uint8_t* packed) {
    uint8_t bytes[kPiece];
    for (int64_t at = 0; at < count; ++at)
        bytes[at] = static_cast<uint8_t>(codes[at]);
    for (int64_t at = 0; at < count / 2; ++at) {
        uint16_t pair;
        std::memcpy(&pair, bytes + 2 * at, sizeof pair);
        packed[at] = static_cast<uint8_t>((pair & 0x0f) | ((pair >> 4) & 0xf0));
    }
}

template <class F>
OVENBIRD_INLINE double store_group(const GroupRun& run, int64_t group, const TileScales<F>& scales,
                                   int lane) {
    const int32_t zero_point =
        run.symmetric ? 0 : static_cast<int32_t>(-to_array(scales.lowest)[static_cast<size_t>(lane)]);
    if (!run.symmetric) run.zero_points[group] = static_cast<uint8_t>(zero_point);
    ErrorSum<F> error{};
    for (int64_t at = 0; at < run.size; at += kPiece) {
        const int64_t count = std::min(kPiece, run.size - at);
        const int64_t first = group * run.size + at;
        int32_t codes[kPiece];
        encode(run.values + first, count, scales, lane, zero_point, codes, error);
        if (run.bits == 4) {
            pack_nibbles(codes, count, run.weights + first / 2);
        } else {
            for (int64_t i = 0; i < count; ++i)
                run.weights[first + i] = static_cast<uint8_t>(codes[i]);
        }
    }
    return error.total();
}

}  // namespace lanes

template <int N>
OVENBIRD_INLINE RunResult compress_groups_loop(const GroupRun& run, float* tile) {
    using namespace lanes;
    using F = Floats<N>;
    RunResult result{0, 0};
    for (int64_t first = 0; first < run.groups; first += N) {
        const int64_t here = std::min<int64_t>(N, run.groups - first);
        transpose<F>(run.values + first * run.size, here, run.size, tile);
        const TileScales<F> scales = run.symmetric
                                         ? symmetric_scales<F>(tile, run.size, run.bits, run.search)
                                         : asymmetric_scales<F>(tile, run.size, run.bits, run.search);
        for (const float wanted : to_array(scales.wanted)) {
            result.largest_scale = std::max(result.largest_scale, wanted);
        }
        const auto halves = to_array(f16_bits(magnitude(scales.scale), scales.scale));
        for (int lane = 0; lane < here; ++lane) {
            result.squared_error += store_group(run, first + lane, scales, lane);
            const auto half = static_cast<uint16_t>(halves[static_cast<size_t>(lane)]);
            std::memcpy(run.scales + 2 * (first + lane), &half, sizeof half);
        }
    }
    return result;
}

}  // namespace ovenbird
