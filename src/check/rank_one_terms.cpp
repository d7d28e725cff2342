#include <openvino/op/constant.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/reduce_sum.hpp>

#include "check/rules.hpp"

namespace ovenbird {

namespace {

// [..., 1] of sums times a constant vector, so that the result is wider than the sums.
bool is_outer_product(const ov::Node& node, size_t side) {
    const auto* sum = ov::as_type<const ov::op::v1::ReduceSum>(node.get_input_node_ptr(side));
    const auto* vector = ov::as_type<const ov::op::v0::Constant>(node.get_input_node_ptr(1 - side));
    if (sum == nullptr || vector == nullptr || !sum->get_keep_dims()) return false;
    const auto& sums = sum->get_output_partial_shape(0);
    if (sums.is_dynamic() || sums.size() == 0 || vector->get_shape().empty()) return false;
    return sums.to_shape().back() == 1 && vector->get_shape().back() > 1;
}

}  // namespace

void check_rank_one_terms(const ov::Model& model, std::vector<Finding>& findings) {
    for (const auto& node : model.get_ordered_ops()) {
        if (!ov::is_type<ov::op::v1::Multiply>(node)) continue;
        if (!is_outer_product(*node, 0) && !is_outer_product(*node, 1)) continue;
        findings.push_back({true,
                            {5020},
                            describe_node(*node),
                            "the sum of each row times a vector (\"Channels count of input tensor shape and "
                            "filter shape must be the same\")",
                            "write the sum as a MatMul with ones"});
        return;
    }
}

}  // namespace ovenbird
