#pragma once
// Logits as a device gives them, as f32.

#include <openvino/runtime/tensor.hpp>
#include <vector>

namespace ovenbird {

/// Copies row `row` of a [1, rows, V] tensor (f32, f16 or bf16) into `out` (V values). Errors: unsupported.
void read_logits(const ov::Tensor& tensor, size_t row, std::vector<float>& out);

}  // namespace ovenbird
