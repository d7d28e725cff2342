#include <openvino/op/constant.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/reduce_sum.hpp>

#include "check/rules.hpp"

namespace ovenbird {

void check_rank_one_terms(const ov::Model& model, std::vector<Finding>& findings) {
    for (const auto& node : model.get_ordered_ops()) {
        if (!ov::is_type<ov::op::v1::Multiply>(node) || node->get_output_partial_shape(0).is_dynamic())
            continue;
        for (size_t side = 0; side < 2; ++side) {
            const auto* sum = ov::as_type<const ov::op::v1::ReduceSum>(node->get_input_node_ptr(side));
            const auto& other = node->get_input_shape(1 - side);
            if (sum == nullptr || !sum->get_keep_dims() || sum->get_output_shape(0).back() != 1) continue;
            if (!ov::is_type<ov::op::v0::Constant>(node->get_input_node_ptr(1 - side)) || other.empty() ||
                other.back() == 1)
                continue;
            findings.push_back(
                {true,
                 {5020},
                 describe_node(*node),
                 "the sum of each row times a vector (\"Channels count of input tensor shape and filter "
                 "shape must be the same\")",
                 "write the sum as a MatMul with ones"});
            return;
        }
    }
}

}  // namespace ovenbird
