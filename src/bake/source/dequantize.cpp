#include "bake/source/dequantize.hpp"

#include <bit>
#include <cstring>

#include "base/error.hpp"

// One binary, the widest vectors the machine has. Only gcc on Linux x86-64: the dispatch runs before a
// sanitizer's start-up code would, and clang spells the attribute differently.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OVENBIRD_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define OVENBIRD_CLONES
#endif

namespace ovenbird {
namespace {

static_assert(std::endian::native == std::endian::little, "weights are stored little-endian");

inline uint16_t load_u16(const std::byte* in) {
    uint16_t value;
    std::memcpy(&value, in, sizeof value);
    return value;
}

inline uint32_t load_u32(const std::byte* in) {
    uint32_t value;
    std::memcpy(&value, in, sizeof value);
    return value;
}

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

inline float load_half(const std::byte* in) {
    return half_to_float(load_u16(in));
}

inline int byte_at(const std::byte* in, int index) {
    return std::to_integer<int>(in[index]);
}

OVENBIRD_CLONES void read_f16(const std::byte* in, int64_t elements, float* __restrict out) {
    for (int64_t i = 0; i < elements; ++i)
        out[i] = half_to_float(load_u16(in + 2 * i));
}

OVENBIRD_CLONES void read_bf16(const std::byte* in, int64_t elements, float* __restrict out) {
    for (int64_t i = 0; i < elements; ++i) {
        out[i] = std::bit_cast<float>(static_cast<uint32_t>(load_u16(in + 2 * i)) << 16);
    }
}

// The four 32-element formats: a low and a high nibble a byte, the high nibbles being the second half of the
// block.
OVENBIRD_CLONES void read_q4_0(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 18, out += 32) {
        const float scale = load_half(in);
        for (int j = 0; j < 16; ++j) {
            const int pair = byte_at(in + 2, j);
            out[j] = static_cast<float>((pair & 15) - 8) * scale;
            out[j + 16] = static_cast<float>((pair >> 4) - 8) * scale;
        }
    }
}

OVENBIRD_CLONES void read_q4_1(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 20, out += 32) {
        const float scale = load_half(in);
        const float minimum = load_half(in + 2);
        for (int j = 0; j < 16; ++j) {
            const int pair = byte_at(in + 4, j);
            out[j] = static_cast<float>(pair & 15) * scale + minimum;
            out[j + 16] = static_cast<float>(pair >> 4) * scale + minimum;
        }
    }
}

// The fifth bits of a block of 32 lie together in one word.
inline int fifth_bit(uint32_t bits, int index) {
    return static_cast<int>((bits >> index) & 1U) << 4;
}

OVENBIRD_CLONES void read_q5_0(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 22, out += 32) {
        const float scale = load_half(in);
        const uint32_t bits = load_u32(in + 2);
        for (int j = 0; j < 16; ++j) {
            const int pair = byte_at(in + 6, j);
            out[j] = static_cast<float>(((pair & 15) | fifth_bit(bits, j)) - 16) * scale;
            out[j + 16] = static_cast<float>(((pair >> 4) | fifth_bit(bits, j + 16)) - 16) * scale;
        }
    }
}

OVENBIRD_CLONES void read_q5_1(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 24, out += 32) {
        const float scale = load_half(in);
        const float minimum = load_half(in + 2);
        const uint32_t bits = load_u32(in + 4);
        for (int j = 0; j < 16; ++j) {
            const int pair = byte_at(in + 8, j);
            out[j] = static_cast<float>((pair & 15) | fifth_bit(bits, j)) * scale + minimum;
            out[j + 16] = static_cast<float>((pair >> 4) | fifth_bit(bits, j + 16)) * scale + minimum;
        }
    }
}

OVENBIRD_CLONES void read_q8_0(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 34, out += 32) {
        const float scale = load_half(in);
        for (int j = 0; j < 32; ++j) {
            out[j] = static_cast<float>(static_cast<int8_t>(byte_at(in + 2, j))) * scale;
        }
    }
}

// The K formats: blocks of 256 in sub-blocks of 32, whose eight 6-bit scales and minima are packed into 12
// bytes.
struct SubBlock {
    float scale;
    float minimum;
};

inline SubBlock sub_block(const std::byte* packed, int index, float scale, float minimum) {
    if (index < 4) {
        return {scale * static_cast<float>(byte_at(packed, index) & 63),
                minimum * static_cast<float>(byte_at(packed, index + 4) & 63)};
    }
    const int low = byte_at(packed, index + 4);
    return {scale * static_cast<float>((low & 15) | (byte_at(packed, index - 4) >> 6) << 4),
            minimum * static_cast<float>((low >> 4) | (byte_at(packed, index) >> 6) << 4)};
}

OVENBIRD_CLONES void read_q4_k(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 144) {
        const float scale = load_half(in);
        const float minimum = load_half(in + 2);
        for (int pair = 0; pair < 4; ++pair, out += 64) {
            const SubBlock first = sub_block(in + 4, 2 * pair, scale, minimum);
            const SubBlock second = sub_block(in + 4, 2 * pair + 1, scale, minimum);
            const std::byte* nibbles = in + 16 + 32 * pair;
            for (int j = 0; j < 32; ++j) {
                out[j] = first.scale * static_cast<float>(byte_at(nibbles, j) & 15) - first.minimum;
                out[j + 32] = second.scale * static_cast<float>(byte_at(nibbles, j) >> 4) - second.minimum;
            }
        }
    }
}

OVENBIRD_CLONES void read_q5_k(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 176) {
        const float scale = load_half(in);
        const float minimum = load_half(in + 2);
        const std::byte* high = in + 16;
        for (int pair = 0; pair < 4; ++pair, out += 64) {
            const SubBlock first = sub_block(in + 4, 2 * pair, scale, minimum);
            const SubBlock second = sub_block(in + 4, 2 * pair + 1, scale, minimum);
            const std::byte* nibbles = in + 48 + 32 * pair;
            for (int j = 0; j < 32; ++j) {
                const int bits = byte_at(high, j) >> (2 * pair);
                const int low = (byte_at(nibbles, j) & 15) + ((bits & 1) << 4);
                const int up = (byte_at(nibbles, j) >> 4) + ((bits & 2) << 3);
                out[j] = first.scale * static_cast<float>(low) - first.minimum;
                out[j + 32] = second.scale * static_cast<float>(up) - second.minimum;
            }
        }
    }
}

// Sub-blocks of 16 with 8-bit scales; six bits are split into a nibble and a pair of bits.
OVENBIRD_CLONES void read_q6_k(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 210) {
        const float scale = load_half(in + 208);
        for (int half = 0; half < 2; ++half, out += 128) {
            const std::byte* nibbles = in + 64 * half;
            const std::byte* high = in + 128 + 32 * half;
            const std::byte* scales = in + 192 + 8 * half;
            for (int quarter = 0; quarter < 4; ++quarter) {
                const std::byte* source = nibbles + 32 * (quarter & 1);
                const int shift = quarter < 2 ? 0 : 4;
                float* __restrict target = out + 32 * quarter;
                for (int part = 0; part < 2; ++part) {
                    const auto own = static_cast<int8_t>(byte_at(scales, 2 * quarter + part));
                    const float step = scale * static_cast<float>(own);
                    for (int j = 16 * part; j < 16 * part + 16; ++j) {
                        const int low = (byte_at(source, j) >> shift) & 15;
                        const int up = (byte_at(high, j) >> (2 * quarter)) & 3;
                        target[j] = step * static_cast<float>((low | up << 4) - 32);
                    }
                }
            }
        }
    }
}

}  // namespace

void dequantize(SourceType type, const std::byte* in, int64_t elements, float* out) {
    const int64_t block = block_layout(type).elements;
    if (elements < 0 || elements % block != 0) {
        fail(ErrorCode::internal, "{} elements are not whole {} blocks", elements, source_type_name(type));
    }
    const int64_t blocks = elements / block;
    switch (type) {
        case SourceType::f32:
            if (elements > 0) std::memcpy(out, in, static_cast<size_t>(elements) * sizeof(float));
            return;
        case SourceType::f16:
            return read_f16(in, elements, out);
        case SourceType::bf16:
            return read_bf16(in, elements, out);
        case SourceType::q4_0:
            return read_q4_0(in, blocks, out);
        case SourceType::q4_1:
            return read_q4_1(in, blocks, out);
        case SourceType::q5_0:
            return read_q5_0(in, blocks, out);
        case SourceType::q5_1:
            return read_q5_1(in, blocks, out);
        case SourceType::q8_0:
            return read_q8_0(in, blocks, out);
        case SourceType::q4_k:
            return read_q4_k(in, blocks, out);
        case SourceType::q5_k:
            return read_q5_k(in, blocks, out);
        case SourceType::q6_k:
            return read_q6_k(in, blocks, out);
    }
    fail(ErrorCode::internal, "unknown source type {}", static_cast<int>(type));
}

}  // namespace ovenbird
