#include <fmt/format.h>

#include <openvino/op/constant.hpp>

#include "check/rules.hpp"

namespace ovenbird {

namespace {

// From how many columns on it was seen; below, such rows pass.
struct Limit {
    int platform;
    size_t columns;
};
constexpr Limit kLimits[] = {{5010, 192}, {6010, 224}};
constexpr size_t kColumnsOfSixteenBytes = 32;

// Columns of a per-channel INT4 matrix, or 0.
size_t int4_columns(const ov::Node& node) {
    if (!ov::is_type<ov::op::v0::Constant>(&node)) return 0;
    const auto type = node.get_output_element_type(0);
    const ov::Shape& shape = node.get_output_shape(0);
    return (type == ov::element::i4 || type == ov::element::u4) && shape.size() == 2 ? shape[1] : 0;
}

}  // namespace

void check_row_bytes(const ov::Model& model, std::vector<Finding>& findings) {
    for (const auto& limit : kLimits) {
        for (const auto& node : model.get_ordered_ops()) {
            const size_t columns = int4_columns(*node);
            if (columns < limit.columns || columns % kColumnsOfSixteenBytes == 0) continue;
            findings.push_back(
                {true,
                 {limit.platform},
                 describe_node(*node),
                 fmt::format("INT4 rows of {} columns, no multiple of {} (MultiClusterStrategyAssignment)",
                             columns, kColumnsOfSixteenBytes),
                 "bake the checkpoint: such weights become INT8"});
            break;
        }
    }
}

}  // namespace ovenbird
