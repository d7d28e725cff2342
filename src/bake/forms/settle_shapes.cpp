#include <algorithm>
#include <openvino/op/ops.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <openvino/pass/manager.hpp>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

// Shapes and indices are small; a node that makes more than this is data (weights, a mask of N x N) and would
// only grow the file.
constexpr size_t kMostFoldedElements = 8192;
constexpr size_t kMostFoldedIndices = size_t{1} << 20;

bool is_weight_type(const ov::element::Type& type) {
    return type.bitwidth() <= 8 || type == ov::element::f16 || type == ov::element::bf16;
}

bool decompresses(const std::shared_ptr<ov::Node>& node) {
    return ov::is_type<ov::op::v0::Convert>(node) &&
           ov::is_type<ov::op::v0::Constant>(node->get_input_node_ptr(0)) &&
           is_weight_type(node->get_input_element_type(0));
}

// A row of whole numbers: one for each token of a long window, so much longer ones are shapes and indices
// still.
bool is_index_row(const ov::Shape& shape, const ov::element::Type& type) {
    const size_t elements = ov::shape_size(shape);
    return type.is_integral_number() && elements <= kMostFoldedIndices &&
           std::find(shape.begin(), shape.end(), elements) != shape.end();
}

bool makes_much(const std::shared_ptr<ov::Node>& node) {
    const auto outputs = node->outputs();
    return std::any_of(outputs.begin(), outputs.end(), [](const auto& output) {
        const auto& shape = output.get_partial_shape();
        return shape.is_static() && ov::shape_size(shape.to_shape()) > kMostFoldedElements &&
               !is_index_row(shape.to_shape(), output.get_element_type());
    });
}

}  // namespace

void settle_shapes(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        if (decompresses(node) || makes_much(node)) ov::pass::disable_constant_folding(node);
    }
    ov::pass::Manager manager;
    manager.register_pass<ov::pass::ConstantFolding>();
    manager.run_passes(model);
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
