#pragma once
// Texts to look at a model's numbers with: prose, instructions with figures, code, and other scripts.

#include <string>
#include <vector>

namespace ovenbird {

const std::vector<std::string>& calibration_texts();

}  // namespace ovenbird
