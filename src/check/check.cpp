#include "check/check.hpp"

#include <fmt/format.h>

#include "check/rules.hpp"

namespace ovenbird {

std::vector<int> all_platforms() {
    std::vector<int> numbers;
    for (const auto& platform : npu_platforms())
        numbers.push_back(platform.number);
    return numbers;
}

std::string describe_node(const ov::Node& node) {
    return fmt::format("{} '{}'", node.get_type_name(), node.get_friendly_name());
}

CheckReport check_model(const std::shared_ptr<const ov::Model>& model) {
    CheckReport report;
    check_static(*model, report.findings);
    check_states(*model, report.findings);
    check_head_transposes(*model, report.findings);
    check_row_bytes(*model, report.findings);
    check_rank_one_terms(*model, report.findings);
    check_f16_range(*model, report.findings);
    check_weights(*model, report.findings, report.memory);
    return report;
}

}  // namespace ovenbird
