#include "bake/source/dequantize.hpp"

#include "bake/source/block_reader.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

OVENBIRD_CLONES void read_f16(const std::byte* in, int64_t elements, float* __restrict out) {
    for (int64_t i = 0; i < elements; ++i)
        out[i] = half_to_float(load_u16(in + 2 * i));
}

OVENBIRD_CLONES void read_bf16(const std::byte* in, int64_t elements, float* __restrict out) {
    for (int64_t i = 0; i < elements; ++i) {
        out[i] = std::bit_cast<float>(static_cast<uint32_t>(load_u16(in + 2 * i)) << 16);
    }
}

BlockReader block_reader(SourceType type) {
    if (type == SourceType::f16) return read_f16;
    if (type == SourceType::bf16) return read_bf16;
    for (const auto reader_of : {small_block_reader, large_block_reader, grid_reader}) {
        if (const BlockReader reader = reader_of(type)) return reader;
    }
    fail(ErrorCode::internal, "unknown source type {}", static_cast<int>(type));
}

}  // namespace

void dequantize(SourceType type, const std::byte* in, int64_t elements, float* out) {
    const int64_t block = block_layout(type).elements;
    if (elements < 0 || elements % block != 0) {
        fail(ErrorCode::internal, "{} elements are not whole {} blocks", elements, source_type_name(type));
    }
    if (type != SourceType::f32) return block_reader(type)(in, elements / block, out);
    if (elements > 0) std::memcpy(out, in, static_cast<size_t>(elements) * sizeof(float));
}

}  // namespace ovenbird
