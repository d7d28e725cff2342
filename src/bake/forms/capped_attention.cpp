#include "bake/forms/capped_attention.hpp"

#include <openvino/op/ops.hpp>

namespace ovenbird {
namespace {

using namespace ov::op;

// Up through reshapes, and a product with one number.
std::shared_ptr<ov::Node> above(const ov::Output<ov::Node>& value) {
    auto node = value.get_node_shared_ptr();
    while (ov::is_type<v1::Reshape>(node) || ov::is_type<v0::Convert>(node) ||
           ov::is_type<v1::Multiply>(node))
        node = node->get_input_node_shared_ptr(0);
    return node;
}

// The product with the values, behind the softmax.
std::shared_ptr<ov::Node> below(const ov::Output<ov::Node>& value) {
    auto targets = value.get_target_inputs();
    while (targets.size() == 1) {
        auto node = targets.begin()->get_node()->shared_from_this();
        if (!ov::is_type<v1::Reshape>(node) && !ov::is_type<v0::Convert>(node)) return node;
        targets = node->output(0).get_target_inputs();
    }
    return nullptr;
}

}  // namespace

std::vector<CappedAttention> capped_attentions(const ov::Model& model) {
    std::vector<CappedAttention> found;
    for (const auto& node : model.get_ordered_ops()) {
        if (!ov::is_type<v8::Softmax>(node)) continue;
        const auto masked = node->get_input_node_shared_ptr(0);
        if (!ov::is_type<v1::Add>(masked)) continue;
        const auto tanh = above(masked->input_value(0));
        if (!ov::is_type<v0::Tanh>(tanh)) continue;
        const auto scores = above(tanh->input_value(0));
        const auto mixed = below(node->output(0));
        if (!ov::is_type<v0::MatMul>(scores) || mixed == nullptr || !ov::is_type<v0::MatMul>(mixed)) continue;
        found.push_back({masked, {scores->input_value(0), scores->input_value(1), mixed->input_value(1)}});
    }
    return found;
}

}  // namespace ovenbird
