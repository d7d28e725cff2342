#pragma once
// Floating numbers of 16 bits: IEEE 754's binary16 (f16), and the upper half of a float (bf16).

#include <bit>
#include <cstdint>

namespace ovenbird {

// All bits where the condition holds. Masks, not branches: gcc vectorises these loops with them and only with
// them.
inline uint32_t mask_if(bool condition) {
    return 0U - static_cast<uint32_t>(condition);
}

// No denormal f32 on the way, so that flush-to-zero modes do not matter.
inline float half_to_float(uint32_t half) {
    const uint32_t exponent = half & 0x7C00U;
    const auto mantissa = static_cast<float>(static_cast<int32_t>(half & 0x03FFU));
    const uint32_t tiny = std::bit_cast<uint32_t>(mantissa * 0x1p-24F);
    const uint32_t top =
        mask_if(exponent == 0x7C00U) & 0x38000000U;  // infinities and NaNs keep the largest exponent
    const uint32_t normal = ((half & 0x7FFFU) << 13) + 0x38000000U + top;
    const uint32_t is_tiny = mask_if(exponent == 0);
    return std::bit_cast<float>((is_tiny & tiny) | (~is_tiny & normal) | (half & 0x8000U) << 16);
}

/// Rounded to the nearest, ties to even; too large: infinite.
inline uint16_t float_to_half(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return sign | 0x7E00U;
    if (magnitude >= 0x47800000U) return sign | 0x7C00U;
    if (magnitude < 0x38800000U) {
        // The addition rounds as the processor does: to multiples of 2^-24.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000U));
    }
    const uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

struct Half {
    uint16_t bits = 0;

    Half() = default;
    explicit Half(float value) : bits(float_to_half(value)) {}
    explicit operator float() const { return half_to_float(bits); }
};

struct BrainHalf {
    uint16_t bits = 0;

    explicit operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

}  // namespace ovenbird
