#pragma once
// Logits as a device gives them, as f32.

#include <span>
#include <vector>
#include "device/tensor.hpp"

namespace ovenbird {

/// Copies rows of a [1, rows, V] tensor (f32, f16 or bf16) into `out` (a multiple of V values), from row
/// `row` on. Errors: unsupported.
void read_logits(const Tensor& tensor, size_t row, std::span<float> out);

/// The last `rows` rows of `given` ones, in `out`, which is made as large. Errors: unsupported; internal when
/// fewer are given.
void read_last_logits(const Tensor& tensor, size_t given, int64_t rows, std::vector<float>& out);

}  // namespace ovenbird
