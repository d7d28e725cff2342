#pragma once
// What ovenbird check prints: one line a finding, one line a graph's verdict.

#include <string>
#include <vector>

#include "base/json.hpp"
#include "check/report.hpp"
#include "model/npu_estimate.hpp"

namespace ovenbird {

/// The graph's findings that concern these platforms, and its verdict on each of them.
std::string report_text(const std::string& graph, const CheckReport& report,
                        const std::vector<int>& platforms);

/// What the compiler said of a graph (ask_npu_compiler()).
std::string compiled_text(const std::string& graph, const JsonObject& verdict);

/// `form`: "whole" or "folded".
std::string estimate_text(int platform, const char* form, const NpuEstimate& estimate);

}  // namespace ovenbird
