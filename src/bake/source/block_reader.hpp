#pragma once
// What the readers of block types share. Inside this room only; a file with readers is compiled as
// CMakeLists.txt says.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bake/source/checkpoint.hpp"
#include "base/half.hpp"

// One binary, the widest vectors the machine has. Only gcc on Linux x86-64: the dispatch runs before a
// sanitizer's start-up code would, and clang spells the attribute differently.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OVENBIRD_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define OVENBIRD_CLONES
#endif

namespace ovenbird {

/// Writes `blocks` whole blocks, which need no alignment, as f32 in their order.
using BlockReader = void (*)(const std::byte* in, int64_t blocks, float* __restrict out);

// The reader of a type, or null where it is none of these.
BlockReader small_block_reader(SourceType type);  // blocks of 32 or 64, and IQ4_XS
BlockReader large_block_reader(SourceType type);  // blocks of 256 with scales for parts of them
BlockReader grid_reader(SourceType type);         // blocks of 256 whose codes stand for groups of values

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

inline float load_half(const std::byte* in) {
    return half_to_float(load_u16(in));
}

inline int byte_at(const std::byte* in, int index) {
    return std::to_integer<int>(in[index]);
}

// The value, with its sign turned where that bit is set: what a product with -1 gives.
inline float negate_if(float value, uint32_t bits, int index) {
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) ^ ((bits >> index) & 1U) << 31);
}

}  // namespace ovenbird
