#include <openvino/core/graph_util.hpp>
#include <openvino/op/ops.hpp>
#include <set>

#include "bake/forms/capped_attention.hpp"
#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Constant> axis_constant(int64_t axis) {
    return v0::Constant::create(ov::element::i64, {}, {axis});
}

// [1, tokens, heads, size] to [1, heads, tokens, size].
bool separates_heads(const ov::Node& node) {
    if (!ov::is_type<v1::Transpose>(&node) || node.get_output_partial_shape(0).is_dynamic()) return false;
    const auto* order = ov::as_type<const v0::Constant>(node.get_input_node_ptr(1));
    return order != nullptr && order->cast_vector<int64_t>() == std::vector<int64_t>{0, 2, 1, 3} &&
           node.get_output_shape(0)[0] == 1;
}

// Every Transpose between a projection and the attention's input `value`.
void find_transposes(const ov::Output<ov::Node>& value, std::set<ov::Node*>& seen,
                     std::vector<std::shared_ptr<ov::Node>>& found) {
    const auto node = value.get_node_shared_ptr();
    if (ov::is_type<v0::MatMul>(node) || !seen.insert(node.get()).second) return;
    if (separates_heads(*node)) {
        found.push_back(node);
        return;
    }
    for (const auto& input : node->input_values())
        find_transposes(input, seen, found);
}

void replace_by_split(const std::shared_ptr<ov::Node>& transpose) {
    const auto input = transpose->input_value(0);
    const ov::Shape& shape = input.get_shape();
    const auto split = std::make_shared<v1::Split>(input, axis_constant(2), shape[2]);
    const auto one_head = v0::Constant::create(ov::element::i64, {4}, ov::Shape{1, 1, shape[1], shape[3]});
    ov::OutputVector heads;
    for (const auto& head : split->outputs())
        heads.push_back(std::make_shared<v1::Reshape>(head, one_head, false));
    const auto joined = std::make_shared<v0::Concat>(heads, 1);
    joined->set_friendly_name(transpose->get_friendly_name());
    ov::replace_node(transpose, joined);
}

}  // namespace

void split_heads(const std::shared_ptr<ov::Model>& model) {
    std::set<ov::Node*> seen;
    std::vector<std::shared_ptr<ov::Node>> transposes;
    for (const auto& node : model->get_ordered_ops()) {
        if (!ov::is_type<v13::ScaledDotProductAttention>(node)) continue;
        for (size_t input = 0; input < 3; ++input)
            find_transposes(node->input_value(input), seen, transposes);
    }
    for (const auto& attention : capped_attentions(*model))
        for (const auto& heads : attention.heads)
            find_transposes(heads, seen, transposes);
    for (const auto& transpose : transposes)
        replace_by_split(transpose);
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
