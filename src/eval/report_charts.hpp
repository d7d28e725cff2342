#pragma once
// The report's charts as SVG.

#include <string>

#include "eval/evaluation.hpp"

namespace ovenbird {

/// Mean KL by the position of the predicted token, a line for each that was measured; empty without a source.
std::string position_chart(const Evaluation& evaluation);

/// KL against the size of the weights, a point for each folder; empty for fewer than two folders.
std::string size_chart(const Evaluation& evaluation);

}  // namespace ovenbird
