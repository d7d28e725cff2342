#include "bake/quantize/kernels.hpp"

#include <algorithm>
#include <vector>

#include "bake/quantize/group_search.hpp"
#include "bake/quantize/lanes.hpp"

namespace ovenbird {
namespace {

using namespace lanes;

template <int N>
OVENBIRD_INLINE int64_t find_non_finite_loop(const float* values, int64_t count) {
    constexpr int64_t kStride = 64;
    int64_t at = 0;
    for (; at + kStride <= count; at += kStride) {
        IntsOf<Floats<N>> found{};
        for (int64_t part = 0; part < kStride; part += N) {
            found |= (bits_of(load<Floats<N>>(values + at + part)) & 0x7f800000) == 0x7f800000;
        }
        int32_t any = 0;
        for (const int32_t lane : to_array(found))
            any |= lane;
        if (any != 0) break;
    }
    for (; at < count; ++at) {
        if ((std::bit_cast<uint32_t>(values[at]) & 0x7f800000U) == 0x7f800000U) return at;
    }
    return -1;
}

template <int N>
OVENBIRD_INLINE bool to_f16_loop(const float* values, int64_t count, uint8_t* out) {
    IntsOf<Floats<N>> beyond{};
    for (int64_t at = 0; at < count; at += N) {
        const int64_t here = std::min<int64_t>(N, count - at);
        float padded[N] = {};
        std::memcpy(padded, values + at, static_cast<size_t>(here) * sizeof(float));
        const auto value = load<Floats<N>>(padded);
        beyond |= (bits_of(value) & 0x7fffffff) > std::bit_cast<int32_t>(65504.0F);
        const auto bits = to_array(f16_bits(round_magnitude_to_f16(value), value));
        uint16_t halves[N];
        for (int i = 0; i < N; ++i)
            halves[i] = static_cast<uint16_t>(bits[static_cast<size_t>(i)]);
        std::memcpy(out + 2 * at, halves, static_cast<size_t>(here) * sizeof(uint16_t));
    }
    int32_t any = 0;
    for (const int32_t lane : to_array(beyond))
        any |= lane;
    return any == 0;
}

// NOLINTBEGIN(bugprone-macro-parentheses): an attribute in parentheses is none
#define OVENBIRD_KERNELS(suffix, width, attribute)                                     \
    attribute RunResult compress_groups_##suffix(const GroupRun& run, float* tile) {   \
        return compress_groups_loop<width>(run, tile);                                 \
    }                                                                                  \
    attribute int64_t find_non_finite_##suffix(const float* values, int64_t count) {   \
        return find_non_finite_loop<width>(values, count);                             \
    }                                                                                  \
    attribute bool to_f16_##suffix(const float* values, int64_t count, uint8_t* out) { \
        return to_f16_loop<width>(values, count, out);                                 \
    }                                                                                  \
    const Kernels k_##suffix = {#suffix, compress_groups_##suffix, find_non_finite_##suffix, to_f16_##suffix};
// NOLINTEND(bugprone-macro-parentheses)

OVENBIRD_KERNELS(baseline, 4, )
#if defined(__x86_64__)
OVENBIRD_KERNELS(avx2, 8, __attribute__((target("avx2,bmi,bmi2"))))
OVENBIRD_KERNELS(avx512, 16, __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl"))))
#endif

}  // namespace

std::span<const Kernels> runnable_kernels() {
    static const std::vector<Kernels> runnable = [] {
        std::vector<Kernels> all{k_baseline};
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) all.push_back(k_avx2);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            all.push_back(k_avx512);
        }
#endif
        return all;
    }();
    return runnable;
}

}  // namespace ovenbird
