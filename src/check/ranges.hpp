#pragma once
// How large the values of a model get, seen while it runs for another reason.

#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

namespace ovenbird {

inline constexpr const char* kRangesOutput = "ranges";

/// Adds one output kRangesOutput (f32, one magnitude for each name that is returned) to a model: of
/// what the products with weights take, and of what the norms take. That is where decoders exceed f16.
std::vector<std::string> watch_ranges(const std::shared_ptr<ov::Model>& model);

}  // namespace ovenbird
