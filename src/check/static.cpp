#include <fmt/format.h>

#include <set>

#include "check/rules.hpp"

namespace ovenbird {
namespace {

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
        findings.push_back({true, all_platforms(), describe_node(*node),
                            fmt::format("the shape {} is not fixed; {} operations of the model are dynamic",
                                        node->get_output_partial_shape(0).to_string(), count),
                            kBakeAdvice});
    }
}

}  // namespace ovenbird
