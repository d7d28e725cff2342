#include "bake/gptq/loops.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "bake/quantize/group_search.hpp"

namespace ovenbird {
namespace {

using namespace lanes;

template <class F>
OVENBIRD_INLINE void store(float* to, F value) {
    std::memcpy(to, &value, sizeof value);
}

template <class F>
OVENBIRD_INLINE F nearest_code(F value, const RowScales& scales, int64_t row) {
    return larger(smaller(round_to_integer(value), load<F>(scales.highest + row)),
                  load<F>(scales.lowest + row));
}

// Weighted squared error of one choice for the rows of a vector, with the scale refitted to its codes.
template <class F>
struct Tried {
    F scale;
    F loss;
};

template <class F>
OVENBIRD_INLINE Tried<F> try_scale(const float* const* columns, const float* weights, int64_t count,
                                   int64_t row, F scale, F lowest, F highest) {
    const F inverse = 1.0F / scale;
    F xd{};
    F dd{};
    F xx{};
    for (int64_t at = 0; at < count; ++at) {
        const F x = load<F>(columns[at] + row);
        const F d = larger(smaller(round_to_integer(x * inverse), highest), lowest);
        xd += weights[at] * x * d;
        dd += weights[at] * d * d;
        xx += weights[at] * x * x;
    }
    const F refitted = lanes::storable_scale(select<F>(dd > 0.0F, xd / dd, scale));
    return {refitted, xx + refitted * (refitted * dd - 2.0F * xd)};
}

template <class F>
struct Best {
    F scale;
    F lowest;
    F loss;
};

template <class F>
OVENBIRD_INLINE void consider(const float* const* columns, const float* weights, int64_t count, int64_t row,
                              F scale, F lowest, float levels, Best<F>& best) {
    const Tried<F> tried = try_scale<F>(columns, weights, count, row, scale, lowest, lowest + (levels - 1));
    const IntsOf<F> better = tried.loss < best.loss;
    best.scale = select<F>(better, tried.scale, best.scale);
    best.lowest = select<F>(better, lowest, best.lowest);
    best.loss = select<F>(better, tried.loss, best.loss);
}

template <class F>
OVENBIRD_INLINE void search_rows(const float* const* columns, const float* weights, int64_t count, int bits,
                                 bool symmetric, int64_t row, RowScales& best) {
    const float levels = bits == 4 ? 16.0F : 256.0F;
    F low{};
    F high{};
    for (int64_t at = 0; at < count; ++at) {
        const F x = load<F>(columns[at] + row);
        low = smaller(low, x);
        high = larger(high, x);
    }
    Best<F> found{all<F>(kSmallestScale), all<F>(-levels / 2), all<F>(INFINITY)};
    if (symmetric) {
        const F peak = larger(-low, high) / (levels / 2);
        float factor = 0.40F;
        for (int i = 0; i < 16; ++i) {  // up to 1.15
            for (const float sign : {1.0F, -1.0F})
                consider(columns, weights, count, row, lanes::storable_scale(peak * factor) * sign,
                         all<F>(-levels / 2), levels, found);
            factor += 0.05F;
        }
    } else {
        float below = 0.55F;
        for (int i = 0; i < 6; ++i) {  // up to 1.05
            float above = 0.55F;
            for (int k = 0; k < 6; ++k) {
                const TileScales<F> range = asymmetric_range<F>(low * below, high * above, levels - 1);
                consider(columns, weights, count, row, range.scale, range.lowest, levels, found);
                above += 0.1F;
            }
            below += 0.1F;
        }
    }
    store(best.scale + row, found.scale);
    store(best.lowest + row, found.lowest);
    store(best.highest + row, found.lowest + (levels - 1));
}

template <int N>
OVENBIRD_INLINE void search_loop(const float* const* columns, const float* weights, int64_t count, int bits,
                                 bool symmetric, RowScales& best) {
    for (int64_t row = 0; row < kGptqRows; row += N)
        search_rows<Floats<N>>(columns, weights, count, bits, symmetric, row, best);
}

template <int N>
OVENBIRD_INLINE void round_block_loop(float* columns, int64_t count, const float* factor, int64_t stride,
                                      const RowScales* const* scales, float* codes, float* errors,
                                      float* loss) {
    using F = Floats<N>;
    for (int64_t at = 0; at < count; ++at) {
        const RowScales& own = *scales[at];
        const float diagonal = 1.0F / factor[at * stride + at];
        for (int64_t row = 0; row < kGptqRows; row += N) {
            const int64_t place = at * kGptqRows + row;
            const F w = load<F>(columns + place);
            const F scale = load<F>(own.scale + row);
            const F code = nearest_code<F>(w / scale, own, row);
            const F error = (w - code * scale) * diagonal;
            store(codes + place, code);
            store(errors + place, error);
            store(loss + row, load<F>(loss + row) + error * error);
            for (int64_t next = at + 1; next < count; ++next) {
                float* const other = columns + next * kGptqRows + row;
                store(other, load<F>(other) - error * factor[at * stride + next]);
            }
        }
    }
}

template <int N>
OVENBIRD_INLINE void descend_block_loop(float* gradient, int64_t count, const float* hessian, int64_t stride,
                                        const RowScales* const* scales, float* codes, float* residual) {
    using F = Floats<N>;
    for (int64_t at = 0; at < count; ++at) {
        const RowScales& own = *scales[at];
        const float curvature = 1.0F / hessian[at * stride + at];
        for (int64_t row = 0; row < kGptqRows; row += N) {
            const int64_t place = at * kGptqRows + row;
            const F scale = load<F>(own.scale + row);
            const F code = load<F>(codes + place);
            const F moved = nearest_code<F>(code + load<F>(gradient + place) * curvature / scale, own, row);
            const F change = (moved - code) * scale;
            store(codes + place, moved);
            store(residual + place, load<F>(residual + place) - change);
            for (int64_t other = 0; other < count; ++other) {
                float* const slope = gradient + other * kGptqRows + row;
                store(slope, load<F>(slope) - change * hessian[at * stride + other]);
            }
        }
    }
}

template <int N>
OVENBIRD_INLINE void dot_loop(const float* a, const float* b, int64_t count, float* sums) {
    using F = Floats<N>;
    for (int64_t row = 0; row < kGptqRows; row += N) {
        F sum = load<F>(sums + row);
        for (int64_t at = 0; at < count; ++at)
            sum += load<F>(a + at * kGptqRows + row) * load<F>(b + at * kGptqRows + row);
        store(sums + row, sum);
    }
}

// NOLINTBEGIN(bugprone-macro-parentheses): an attribute in parentheses is none
#define OVENBIRD_GPTQ_LOOPS(suffix, width, attribute)                                                     \
    attribute void search_##suffix(const float* const* columns, const float* weights, int64_t count,      \
                                   int bits, bool symmetric, RowScales& best) {                           \
        search_loop<width>(columns, weights, count, bits, symmetric, best);                               \
    }                                                                                                     \
    attribute void round_##suffix(float* columns, int64_t count, const float* factor, int64_t stride,     \
                                  const RowScales* const* scales, float* codes, float* errors,            \
                                  float* loss) {                                                          \
        round_block_loop<width>(columns, count, factor, stride, scales, codes, errors, loss);             \
    }                                                                                                     \
    attribute void descend_##suffix(float* gradient, int64_t count, const float* hessian, int64_t stride, \
                                    const RowScales* const* scales, float* codes, float* residual) {      \
        descend_block_loop<width>(gradient, count, hessian, stride, scales, codes, residual);             \
    }                                                                                                     \
    attribute void dot_##suffix(const float* a, const float* b, int64_t count, float* sums) {             \
        dot_loop<width>(a, b, count, sums);                                                               \
    }                                                                                                     \
    const GptqLoops k_##suffix = {#suffix, search_##suffix, round_##suffix, descend_##suffix, dot_##suffix};
// NOLINTEND(bugprone-macro-parentheses)

OVENBIRD_GPTQ_LOOPS(baseline, 4, )
#if defined(__x86_64__)
OVENBIRD_GPTQ_LOOPS(avx2, 8, __attribute__((target("avx2,bmi,bmi2"))))
OVENBIRD_GPTQ_LOOPS(avx512, 16, __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl"))))
#endif

}  // namespace

std::span<const GptqLoops> runnable_gptq_loops() {
    static const std::vector<GptqLoops> runnable = [] {
        std::vector<GptqLoops> all{k_baseline};
#if defined(__x86_64__)
        for (const auto& kernels : runnable_kernels())
            for (const GptqLoops& loops : {k_avx2, k_avx512})
                if (std::string_view(kernels.name) == loops.name) all.push_back(loops);
#endif
        return all;
    }();
    return runnable;
}

const GptqLoops& gptq_loops() {
    return runnable_gptq_loops().back();
}

float storable_scale(float scale) {
    return to_array(lanes::storable_scale(all<Floats<4>>(scale)))[0];
}

}  // namespace ovenbird
