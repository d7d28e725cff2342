#include <openvino/op/ops.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <openvino/pass/manager.hpp>

#include "bake/freeze/freeze.hpp"

namespace ovenbird {
namespace {

// Shapes and indices are small; a node that makes more than this is data (weights, a mask of N x N) and would
// only grow the file.
constexpr size_t kMostFoldedElements = 8192;

bool is_weight_type(const ov::element::Type& type) {
    return type.bitwidth() <= 8 || type == ov::element::f16 || type == ov::element::bf16;
}

bool decompresses(const std::shared_ptr<ov::Node>& node) {
    return ov::is_type<ov::op::v0::Convert>(node) &&
           ov::is_type<ov::op::v0::Constant>(node->get_input_node_ptr(0)) &&
           is_weight_type(node->get_input_element_type(0));
}

bool makes_much(const std::shared_ptr<ov::Node>& node) {
    for (const auto& output : node->outputs()) {
        const auto& shape = output.get_partial_shape();
        if (shape.is_static() && ov::shape_size(shape.to_shape()) > kMostFoldedElements) return true;
    }
    return false;
}

}  // namespace

void fold_shapes(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        if (decompresses(node) || makes_much(node)) ov::pass::disable_constant_folding(node);
    }
    ov::pass::Manager manager;
    manager.register_pass<ov::pass::ConstantFolding>();
    manager.run_passes(model);
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
