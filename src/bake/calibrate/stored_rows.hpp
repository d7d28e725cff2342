#pragma once
// Compressed matrices as they lie in the weights file: written from codes, and read back.

#include <cstdint>

#include "bake/gptq/gptq.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "bake/quantize/quantize.hpp"

namespace ovenbird {

/// Writes rows [begin, begin + rows.codes.size() / columns) in the layout of quantize_rows(). Rows may be
/// written on several threads as long as begin is a multiple of quant_row_step().
void store_rows(const QuantFormat& format, const GptqRows& rows, int64_t begin, int64_t columns,
                const QuantTarget& target);

/// Rows [begin, end) as a device reads them, f32.
void load_rows(const StoredTensor& tensor, int64_t begin, int64_t end, float* out);

}  // namespace ovenbird
