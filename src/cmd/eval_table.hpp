#pragma once
// What ovenbird eval shows in the terminal.

#include <string>

#include "eval/evaluation.hpp"

namespace ovenbird {

std::string eval_table(const Evaluation& evaluation);

}  // namespace ovenbird
