#include <fmt/format.h>

#include <algorithm>
#include <openvino/op/ops.hpp>

#include "check/rules.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr const char* kBakeAdvice = "bake it: ovenbird bake MODEL -o DIR fixes every shape";

const ov::Node* dynamic_input_of(const ov::Node& node) {
    for (size_t i = 0; i < node.get_input_size(); ++i) {
        if (node.get_input_partial_shape(i).is_dynamic()) return node.get_input_node_ptr(i);
    }
    return nullptr;
}

// Where a dynamic shape begins: a model input, or an operation whose own inputs are static.
bool begins_here(const ov::Node& node) {
    if (dynamic_input_of(node) != nullptr) return false;
    for (const auto& output : node.outputs()) {
        if (output.get_partial_shape().is_dynamic()) return true;
    }
    return false;
}

bool is_dynamic(const ov::Node& node) {
    const auto outputs = node.outputs();
    return std::any_of(outputs.begin(), outputs.end(),
                       [](const auto& output) { return output.get_partial_shape().is_dynamic(); });
}

bool has_upper_bounds(const ov::PartialShape& shape) {
    return shape.rank().is_static() && std::all_of(shape.begin(), shape.end(), [](const auto& dimension) {
               return dimension.get_max_length() != -1;
           });
}

// A count that depends on data (NonZero's, say) has an upper bound, and these are the operations with which
// the compiler was seen to carry it; a reduction over it was refused.
bool is_carried(const ov::Node& node) {
    for (const auto& output : node.outputs()) {
        if (!has_upper_bounds(output.get_partial_shape())) return false;
        for (const auto& target : output.get_target_inputs()) {
            const ov::Node& user = *target.get_node();
            const bool known = ov::is_type<util::GatherBase>(&user) || ov::is_type<v0::MatMul>(&user) ||
                               ov::is_type<v3::ShapeOf>(&user) || ov::is_type<v0::Result>(&user);
            if (!known || (is_dynamic(user) && !is_carried(user))) return false;
        }
    }
    return true;
}

size_t dynamic_nodes(const ov::Model& model) {
    size_t count = 0;
    for (const auto& node : model.get_ordered_ops())
        count += node->get_output_size() > 0 && node->get_output_partial_shape(0).is_dynamic();
    return count;
}

}  // namespace

void check_static(const ov::Model& model, std::vector<Finding>& findings) {
    const size_t count = dynamic_nodes(model);
    for (const auto& node : model.get_ordered_ops()) {
        if (!begins_here(*node)) continue;
        const bool refused = ov::is_type<v0::Parameter>(node) || !is_carried(*node);
        findings.push_back({refused, all_platforms(), describe_node(*node),
                            fmt::format("the shape {} is not fixed; {} operations of the model are dynamic",
                                        node->get_output_partial_shape(0).to_string(), count),
                            kBakeAdvice});
    }
}

}  // namespace ovenbird
