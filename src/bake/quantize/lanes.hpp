#pragma once
// Sixteen floats or integers that move together, written so that one source gives the same bits on every
// processor.
//
// Everything here is inlined into functions that are compiled once per instruction set (kernels.cpp): gcc's
// and clang's vector types become two, four or one register. The room is compiled with -ffp-contract=off, for
// a fused multiply-add would round differently from the separate operations of an older processor.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ovenbird::lanes {

#define OVENBIRD_INLINE inline __attribute__((always_inline))

/// Vectors of N lanes. N is the register's width of the instruction set: wider ones compile to slow code.
template <int N>
struct VectorTypes;
// Spelt out, for gcc 12 forgets a vector size that depends on a template parameter.
template <>
struct VectorTypes<4> {
    using Floats = float __attribute__((vector_size(16)));
    using Ints = int32_t __attribute__((vector_size(16)));
};
template <>
struct VectorTypes<8> {
    using Floats = float __attribute__((vector_size(32)));
    using Ints = int32_t __attribute__((vector_size(32)));
};
template <>
struct VectorTypes<16> {
    using Floats = float __attribute__((vector_size(64)));
    using Ints = int32_t __attribute__((vector_size(64)));
};
template <int N>
using Floats = typename VectorTypes<N>::Floats;
template <class F>
constexpr int kLanesOf = sizeof(F) / sizeof(float);
template <class F>
using IntsOf = typename VectorTypes<kLanesOf<F>>::Ints;

template <class F>
OVENBIRD_INLINE F load(const float* from) {
    F value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class F>
OVENBIRD_INLINE auto to_array(F value) {
    std::array<std::conditional_t<std::is_same_v<F, IntsOf<F>>, int32_t, float>, kLanesOf<F>> lanes;
    std::memcpy(lanes.data(), &value, sizeof value);
    return lanes;
}

template <class F>
OVENBIRD_INLINE F all(float value) {
    return F{} + value;
}

template <class F>
OVENBIRD_INLINE IntsOf<F> bits_of(F value) {
    return std::bit_cast<IntsOf<F>>(value);
}

template <class F>
OVENBIRD_INLINE F select(IntsOf<F> mask, F yes, F no) {
    return std::bit_cast<F>((bits_of(yes) & mask) | (bits_of(no) & ~mask));
}

template <class F>
OVENBIRD_INLINE F smaller(F a, F b) {
    return a < b ? a : b;
}

template <class F>
OVENBIRD_INLINE F larger(F a, F b) {
    return a > b ? a : b;
}

template <class F>
OVENBIRD_INLINE F magnitude(F value) {
    return std::bit_cast<F>(bits_of(value) & 0x7fffffff);
}

/// |value| with the sign of `sign`.
template <class F>
OVENBIRD_INLINE F with_sign(F value, F sign) {
    return std::bit_cast<F>((bits_of(value) & 0x7fffffff) | (bits_of(sign) & INT32_MIN));
}

/// The last bit of kMagic's mantissa weighs one, so a small number added to it is rounded to an integer
/// there.
constexpr float kMagic = 12582912.0F;  // 1.5 * 2^23

/// To the nearest integer, ties to even; for |value| < 2^22, beyond which the result is still at least 2^22.
template <class F>
OVENBIRD_INLINE F round_to_integer(F value) {
    return (value + kMagic) - kMagic;
}

/// For whole numbers, |value| < 2^22.
template <class F>
OVENBIRD_INLINE IntsOf<F> to_integers(F value) {
    return bits_of(value + kMagic) - std::bit_cast<int32_t>(kMagic);
}

/// The nearest f16 value of |value|, ties to even; wrong from 65520 on, where f16 ends.
template <class F>
OVENBIRD_INLINE F round_magnitude_to_f16(F value) {
    const F size = magnitude(value);
    const IntsOf<F> bits = bits_of(size);
    const IntsOf<F> normal = (bits + 0xfff + ((bits >> 13) & 1)) & ~0x1fff;
    // Below 2^-14 f16 is subnormal with steps of 2^-24, the last bit of an f32 in [0.5, 1).
    const F subnormal = (size + 0.5F) - 0.5F;
    return select<F>(size < 0x1p-14F, subnormal, std::bit_cast<F>(normal));
}

/// f16 bits of a magnitude already rounded by round_magnitude_to_f16, with the sign of `sign`.
template <class F>
OVENBIRD_INLINE IntsOf<F> f16_bits(F rounded_magnitude, F sign) {
    const IntsOf<F> normal = (bits_of(rounded_magnitude) >> 13) - (112 << 10);
    const IntsOf<F> subnormal = bits_of(rounded_magnitude + 0.5F) - 0x3f000000;
    const IntsOf<F> is_small = rounded_magnitude < 0x1p-14F;
    return ((subnormal & is_small) | (normal & ~is_small)) | ((bits_of(sign) >> 16) & 0x8000);
}

}  // namespace ovenbird::lanes
