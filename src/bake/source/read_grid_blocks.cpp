#include "bake/source/block_reader.hpp"
#include "bake/source/gguf_grids.hpp"

// Every type here has blocks of 256. A code is the place of a group of values in a grid; IQ2 and IQ3 store
// signs apart.

namespace ovenbird {
namespace {

// Seven signs; the eighth makes the count of negative ones even.
inline uint32_t eight_signs(uint32_t seven) {
    return seven | (static_cast<uint32_t>(std::popcount(seven)) & 1U) << 7;
}

inline int nibble_at(const std::byte* in, int index) {
    return (byte_at(in, index / 2) >> (4 * (index & 1))) & 15;
}

template <size_t size>
inline void write_signed(const std::array<int8_t, size>& group, float step, uint32_t signs,
                         float* __restrict out) {
    for (int j = 0; j < static_cast<int>(size); ++j)
        out[j] = negate_if(step * static_cast<float>(group[static_cast<size_t>(j)]), signs, j);
}

inline float quarter_step(float scale, int own) {
    return scale * (0.5F + static_cast<float>(own)) * 0.25F;
}

// A part of 32 is two words: four codes, then four times seven signs and the part's scale.
OVENBIRD_CLONES void read_iq2_xxs(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 66) {
        const float scale = load_half(in);
        for (int part = 0; part < 8; ++part) {
            const std::byte* codes = in + 2 + 8 * part;
            const uint32_t word = load_u32(codes + 4);
            const float step = quarter_step(scale, static_cast<int>(word >> 28));
            for (int group = 0; group < 4; ++group, out += 8) {
                const auto code = static_cast<size_t>(byte_at(codes, group));
                write_signed(kIq2XxsGrid[code], step, eight_signs((word >> (7 * group)) & 127U), out);
            }
        }
    }
}

OVENBIRD_CLONES void read_iq2_xs(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 74) {
        const float scale = load_half(in);
        for (int group = 0; group < 32; ++group, out += 8) {
            const uint32_t word = load_u16(in + 2 + 2 * group);
            const float step = quarter_step(scale, nibble_at(in + 66, group / 2));
            write_signed(kIq2XsGrid[word & 511U], step, eight_signs(word >> 9), out);
        }
    }
}

OVENBIRD_CLONES void read_iq2_s(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 82) {
        const float scale = load_half(in);
        for (int group = 0; group < 32; ++group, out += 8) {
            const int high = (byte_at(in + 66, group / 4) >> (2 * (group & 3))) & 3;
            const auto code = static_cast<size_t>(byte_at(in + 2, group) | high << 8);
            const float step = quarter_step(scale, nibble_at(in + 74, group / 2));
            write_signed(kIq2SGrid[code], step, static_cast<uint32_t>(byte_at(in + 34, group)), out);
        }
    }
}

// IQ3's groups are of four: two of them share a byte of signs.
OVENBIRD_CLONES void read_iq3_xxs(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 98) {
        const float scale = load_half(in);
        for (int part = 0; part < 8; ++part) {
            const uint32_t word = load_u32(in + 66 + 4 * part);
            const float step = scale * (0.5F + static_cast<float>(word >> 28)) * 0.5F;
            for (int pair = 0; pair < 4; ++pair, out += 8) {
                const std::byte* codes = in + 2 + 8 * part + 2 * pair;
                const uint32_t signs = eight_signs((word >> (7 * pair)) & 127U);
                write_signed(kIq3XxsGrid[static_cast<size_t>(byte_at(codes, 0))], step, signs, out);
                write_signed(kIq3XxsGrid[static_cast<size_t>(byte_at(codes, 1))], step, signs >> 4, out + 4);
            }
        }
    }
}

OVENBIRD_CLONES void read_iq3_s(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 110) {
        const float scale = load_half(in);
        for (int group = 0; group < 64; ++group, out += 4) {
            const int high = (byte_at(in + 66, group / 8) >> (group & 7)) & 1;
            const auto code = static_cast<size_t>(byte_at(in + 2, group) | high << 8);
            const float step = scale * static_cast<float>(1 + 2 * nibble_at(in + 106, group / 8));
            write_signed(kIq3SGrid[code], step, static_cast<uint32_t>(nibble_at(in + 74, group)), out);
        }
    }
}

// IQ1's groups have their signs in the grid; all of one are moved up or down by an eighth.
inline void write_moved(size_t code, float step, bool down, float* __restrict out) {
    const float move = down ? -0.125F : 0.125F;
    const std::array<int8_t, 8>& group = kIq1SGrid[code];
    for (int j = 0; j < 8; ++j)
        out[j] = step * (static_cast<float>(group[static_cast<size_t>(j)]) + move);
}

OVENBIRD_CLONES void read_iq1_s(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 50) {
        const float scale = load_half(in);
        for (int part = 0; part < 8; ++part) {
            const int high = load_u16(in + 34 + 2 * part);
            const float step = scale * static_cast<float>(2 * ((high >> 12) & 7) + 1);
            for (int group = 0; group < 4; ++group, out += 8) {
                const int code = byte_at(in + 2, 4 * part + group) | ((high >> (3 * group)) & 7) << 8;
                write_moved(static_cast<size_t>(code), step, (high & 0x8000) != 0, out);
            }
        }
    }
}

// The block's scale is in four parts, the highest nibble of each word of scales.
OVENBIRD_CLONES void read_iq1_m(const std::byte* in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 56) {
        const std::byte* scales = in + 48;
        uint32_t half = 0;
        for (int word = 0; word < 4; ++word)
            half |= static_cast<uint32_t>(load_u16(scales + 2 * word) >> 12) << (4 * word);
        const float scale = half_to_float(half);
        for (int group = 0; group < 32; ++group, out += 8) {
            const int own = (load_u16(scales + 2 * (group / 8)) >> (3 * (group / 2 & 3))) & 7;
            const int high = nibble_at(in + 32, group);
            const int code = byte_at(in, group) | (high & 7) << 8;
            write_moved(static_cast<size_t>(code), scale * static_cast<float>(2 * own + 1), (high & 8) != 0,
                        out);
        }
    }
}

}  // namespace

BlockReader grid_reader(SourceType type) {
    switch (type) {
        case SourceType::iq2_xxs:
            return read_iq2_xxs;
        case SourceType::iq2_xs:
            return read_iq2_xs;
        case SourceType::iq2_s:
            return read_iq2_s;
        case SourceType::iq3_xxs:
            return read_iq3_xxs;
        case SourceType::iq3_s:
            return read_iq3_s;
        case SourceType::iq1_s:
            return read_iq1_s;
        case SourceType::iq1_m:
            return read_iq1_m;
        default:
            return nullptr;
    }
}

}  // namespace ovenbird
