#pragma once
// Whether weights are calibrated, how thoroughly, and what that takes.

#include <optional>
#include <string>

#include "bake/plan.hpp"

namespace ovenbird {

/// As options.effort says, for the planned tensors; a note where it is not calibrated because that would take
/// long. Nothing when there is nothing to calibrate.
std::optional<CalibrationPlan> plan_calibration(BakePlan& plan, const BakeOptions& options);

/// "14 min, 3.1 GB of memory".
std::string calibration_cost(const CalibrationPlan& calibration);

}  // namespace ovenbird
