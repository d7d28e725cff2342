#include "check/ranges.hpp"

#include <numeric>
#include <openvino/op/ops.hpp>
#include <set>

#include "check/check.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// What has no input of the model above it: weights, however they are decompressed.
bool is_constant(const ov::Node* node) {
    if (ov::is_type<v0::Constant>(node)) return true;
    if (ov::is_type<v0::Parameter>(node)) return false;
    for (const auto& input : node->input_values()) {
        if (!is_constant(input.get_node())) return false;
    }
    return true;
}

bool takes_activations(const ov::Node& node) {
    if (ov::is_type<v1::Power>(&node)) return true;
    if (!ov::is_type<v0::MatMul>(&node)) return false;
    const auto* weights = node.get_input_node_ptr(1);
    return (ov::is_type<v0::Convert>(weights) || ov::is_type<v1::Multiply>(weights) ||
            ov::is_type<v0::Constant>(weights)) &&
           is_constant(weights);
}

// [1]: the largest magnitude.
Value largest(const Value& value) {
    std::vector<int64_t> axes(value.get_partial_shape().size());
    std::iota(axes.begin(), axes.end(), 0);
    const auto all = v0::Constant::create(ov::element::i64, {axes.size()}, axes);
    const auto magnitude = std::make_shared<v1::ReduceMax>(std::make_shared<v0::Abs>(value), all, false);
    return std::make_shared<v0::Unsqueeze>(magnitude, v0::Constant::create(ov::element::i64, {1}, {0}));
}

}  // namespace

std::vector<std::string> watch_ranges(const std::shared_ptr<ov::Model>& model) {
    std::vector<std::string> names;
    std::set<Value> seen;
    ov::OutputVector magnitudes;
    for (const auto& node : model->get_ordered_ops()) {
        if (!takes_activations(*node)) continue;
        const Value value = node->input_value(0);
        if (value.get_element_type() != ov::element::f32 || is_constant(value.get_node()) ||
            !seen.insert(value).second)
            continue;
        names.push_back(describe_node(*value.get_node()));
        magnitudes.push_back(largest(value));
    }
    if (names.empty()) return names;
    const auto result = std::make_shared<v0::Result>(std::make_shared<v0::Concat>(magnitudes, 0));
    result->get_output_tensor(0).set_names({kRangesOutput});
    model->add_results({result});
    return names;
}

}  // namespace ovenbird
