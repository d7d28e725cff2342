#include "bake/source/block_reader.hpp"

namespace ovenbird {
namespace {

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

// The sixteen values of IQ4's codes, uneven steps that follow how weights are spread.
constexpr float kUnevenSteps[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Twice the values of four-bit floats with two exponent bits; their scales are halved. Code 8 is +0 there
// too.
constexpr float kTinyFloats[] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

OVENBIRD_CLONES void read_iq4_nl(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 18, out += 32) {
        const float scale = load_half(in);
        for (int j = 0; j < 16; ++j) {
            const int pair = byte_at(in + 2, j);
            out[j] = scale * kUnevenSteps[pair & 15];
            out[j + 16] = scale * kUnevenSteps[pair >> 4];
        }
    }
}

// Half of two to the power of (code - 127).
inline float half_of_power(int code) {
    const auto exponent = static_cast<uint32_t>(code);
    return std::bit_cast<float>(exponent < 2 ? 0x00200000U << exponent : (exponent - 1) << 23);
}

OVENBIRD_CLONES void read_mxfp4(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 17, out += 32) {
        const float scale = half_of_power(byte_at(in, 0));
        for (int j = 0; j < 16; ++j) {
            const int pair = byte_at(in + 1, j);
            out[j] = scale * kTinyFloats[pair & 15];
            out[j + 16] = scale * kTinyFloats[pair >> 4];
        }
    }
}

// Half of an 8-bit float without sign: four exponent bits, three of mantissa. Its NaN counts as 0.
inline float half_of_small_float(int code) {
    const auto exponent = static_cast<uint32_t>(code >> 3) & 15U;
    const auto mantissa = static_cast<uint32_t>(code) & 7U;
    if (code == 0x7F) return 0.0F;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10F;
    return std::bit_cast<float>((exponent + 119U) << 23 | mantissa << 20);
}

// Four scales, then four parts of 16 values: a part's low nibbles come first.
OVENBIRD_CLONES void read_nvfp4(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 36) {
        for (int part = 0; part < 4; ++part, out += 16) {
            const float scale = half_of_small_float(byte_at(in, part));
            for (int j = 0; j < 8; ++j) {
                const int pair = byte_at(in + 4 + 8 * part, j);
                out[j] = scale * kTinyFloats[pair & 15];
                out[j + 8] = scale * kTinyFloats[pair >> 4];
            }
        }
    }
}

// IQ4_NL's values in blocks of 256. Parts of 32 have a scale of six bits: four, and two apart.
OVENBIRD_CLONES void read_iq4_xs(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 136) {
        const float scale = load_half(in);
        const int high = load_u16(in + 2);
        for (int part = 0; part < 8; ++part, out += 32) {
            const int low = (byte_at(in + 4, part / 2) >> (4 * (part & 1))) & 15;
            const int own = (low | ((high >> (2 * part)) & 3) << 4) - 32;
            const float step = scale * static_cast<float>(own);
            for (int j = 0; j < 16; ++j) {
                const int pair = byte_at(in + 8 + 16 * part, j);
                out[j] = step * kUnevenSteps[pair & 15];
                out[j + 16] = step * kUnevenSteps[pair >> 4];
            }
        }
    }
}

}  // namespace

BlockReader small_block_reader(SourceType type) {
    switch (type) {
        case SourceType::q4_0:
            return read_q4_0;
        case SourceType::q4_1:
            return read_q4_1;
        case SourceType::q5_0:
            return read_q5_0;
        case SourceType::q5_1:
            return read_q5_1;
        case SourceType::q8_0:
            return read_q8_0;
        case SourceType::iq4_nl:
            return read_iq4_nl;
        case SourceType::iq4_xs:
            return read_iq4_xs;
        case SourceType::mxfp4:
            return read_mxfp4;
        case SourceType::nvfp4:
            return read_nvfp4;
        default:
            return nullptr;
    }
}

}  // namespace ovenbird
