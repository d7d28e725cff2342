#include "bake/source/block_reader.hpp"

namespace ovenbird {
namespace {

// Two bits a value: four values of a byte are 32 apart. Parts of 16 have a scale and a minimum of four bits
// each.
OVENBIRD_CLONES void read_q2_k(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 84) {
        const float scale = load_half(in + 80);
        const float minimum = load_half(in + 82);
        for (int part = 0; part < 16; ++part, out += 16) {
            const float step = scale * static_cast<float>(byte_at(in, part) & 15);
            const float offset = minimum * static_cast<float>(byte_at(in, part) >> 4);
            const std::byte* bits = in + 16 + 32 * (part / 8) + 16 * (part & 1);
            const int shift = part & 6;
            for (int j = 0; j < 16; ++j)
                out[j] = step * static_cast<float>((byte_at(bits, j) >> shift) & 3) - offset;
        }
    }
}

// The same with a third bit apart (set: nothing is taken off), and scales of six bits: four, and two apart.
OVENBIRD_CLONES void read_q3_k(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 110) {
        const float scale = load_half(in + 108);
        const std::byte* scales = in + 96;
        for (int part = 0; part < 16; ++part, out += 16) {
            const int low = (byte_at(scales, part & 7) >> (4 * (part / 8))) & 15;
            const int up = (byte_at(scales, 8 + (part & 3)) >> (2 * (part / 4))) & 3;
            const float step = scale * static_cast<float>((low | up << 4) - 32);
            const std::byte* high = in + 16 * (part & 1);
            const std::byte* bits = in + 32 + 32 * (part / 8) + 16 * (part & 1);
            const int shift = part & 6;
            for (int j = 0; j < 16; ++j) {
                const int third = (byte_at(high, j) >> (part / 2)) & 1;
                out[j] = step * static_cast<float>(((byte_at(bits, j) >> shift) & 3) + 4 * third - 4);
            }
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

// Digits of three values: a byte is a fraction of 256 whose first digit in base 3 is one value, so that a
// product with 3, 9, 27, 81, cut to a byte, brings the next ones to the front. Digits of a byte are `count`
// apart.
inline void read_digits(const std::byte* in, int count, int digits, float scale, float* __restrict out) {
    for (int digit = 0, power = 1; digit < digits; ++digit, power *= 3, out += count) {
        for (int j = 0; j < count; ++j)
            out[j] = scale * static_cast<float>(((byte_at(in, j) * power & 255) * 3 >> 8) - 1);
    }
}

OVENBIRD_CLONES void read_tq1_0(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 54, out += 256) {
        const float scale = load_half(in + 52);
        read_digits(in, 32, 5, scale, out);
        read_digits(in + 32, 16, 5, scale, out + 160);
        read_digits(in + 48, 4, 4, scale, out + 240);
    }
}

OVENBIRD_CLONES void read_tq2_0(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 66) {
        const float scale = load_half(in + 64);
        for (int part = 0; part < 8; ++part, out += 32) {
            const std::byte* bits = in + 32 * (part / 4);
            const int shift = 2 * (part & 3);
            for (int j = 0; j < 32; ++j)
                out[j] = scale * static_cast<float>(((byte_at(bits, j) >> shift) & 3) - 1);
        }
    }
}

}  // namespace

BlockReader large_block_reader(SourceType type) {
    switch (type) {
        case SourceType::q2_k:
            return read_q2_k;
        case SourceType::q3_k:
            return read_q3_k;
        case SourceType::q4_k:
            return read_q4_k;
        case SourceType::q5_k:
            return read_q5_k;
        case SourceType::q6_k:
            return read_q6_k;
        case SourceType::tq1_0:
            return read_tq1_0;
        case SourceType::tq2_0:
            return read_tq2_0;
        default:
            return nullptr;
    }
}

}  // namespace ovenbird
