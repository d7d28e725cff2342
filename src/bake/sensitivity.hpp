#pragma once
// Which layers keep 8 bits when only a share of the weights goes to 4.

#include "bake/plan.hpp"

namespace ovenbird {

/// Leaves `ratio` of the layers' weights in 4 bits and turns the others, those that lose most to INT4, into
/// INT8 per channel. The measure is the relative squared error of INT4 on a sample of each matrix's rows.
/// Errors: as quantize_rows.
void keep_sensitive_in_int8(BakePlan& plan, double ratio);

}  // namespace ovenbird
