#pragma once
// Every source type's elements as f32.

#include <cstddef>
#include <cstdint>

#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// Writes `elements` (a multiple of the type's block) floats. `in` needs no alignment. The values are those
/// of ggml's reference: each product and sum rounded on its own.
void dequantize(SourceType type, const std::byte* in, int64_t elements, float* out);

}  // namespace ovenbird
