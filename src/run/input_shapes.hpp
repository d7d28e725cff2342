#pragma once
// The one line that says what an inference sends.

#include <string>
#include <utility>
#include <vector>
#include "device/tensor.hpp"

namespace ovenbird {

/// "[DEBUG] Infer Input Shapes: input_ids=[1,128] i64, attention_mask=[1,128] i64, …". Inputs in a row
/// that differ only behind the first dot of their names are told once, with their number.
std::string shapes_line(const std::vector<std::pair<std::string, Tensor>>& inputs);

}  // namespace ovenbird
