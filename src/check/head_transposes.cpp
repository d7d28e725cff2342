#include <fmt/format.h>

#include <openvino/op/constant.hpp>
#include <openvino/op/transpose.hpp>

#include "check/rules.hpp"

namespace ovenbird {
namespace {

// [1, tokens, heads, size] to [1, heads, tokens, size] with two or three heads; the heads, or 0.
size_t few_heads(const ov::Node& node) {
    if (!ov::is_type<ov::op::v1::Transpose>(&node) || node.get_output_partial_shape(0).is_dynamic()) return 0;
    const auto* order = ov::as_type<const ov::op::v0::Constant>(node.get_input_node_ptr(1));
    if (order == nullptr || order->cast_vector<int64_t>() != std::vector<int64_t>{0, 2, 1, 3}) return 0;
    const ov::Shape& shape = node.get_output_shape(0);
    return shape[1] == 2 || shape[1] == 3 ? shape[1] : 0;
}

}  // namespace

void check_head_transposes(const ov::Model& model, std::vector<Finding>& findings) {
    for (const auto& node : model.get_ordered_ops()) {
        const size_t heads = few_heads(*node);
        if (heads == 0) continue;
        findings.push_back({true,
                            {3720},
                            describe_node(*node),
                            fmt::format("{} heads separated by a Transpose (UnrollPermuteDMA)", heads),
                            "bake it: ovenbird bake MODEL.xml -o DIR separates heads by Split and Concat"});
        return;
    }
}

}  // namespace ovenbird
