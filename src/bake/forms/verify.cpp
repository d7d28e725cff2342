#include <fmt/format.h>

#include <map>
#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

// Inputs that decide an output's shape: they must be constants.
const std::map<std::string, std::vector<size_t>>& shape_inputs() {
    static const std::map<std::string, std::vector<size_t>> table{
        {"Broadcast", {1}},      {"ConstantOfShape", {0}},
        {"Interpolate", {1, 2}}, {"OneHot", {1}},
        {"Pad", {1, 2}},         {"Reshape", {1}},
        {"Slice", {1, 2, 3}},    {"StridedSlice", {1, 2, 3}},
        {"Tile", {1}},           {"TopK", {1}},
        {"VariadicSplit", {2}},  {"Squeeze", {1}},
        {"Unsqueeze", {1}},      {"ReduceSum", {1}},
        {"ReduceMean", {1}},     {"ReduceMax", {1}}};
    return table;
}

constexpr std::array<const char*, 6> kDataShaped{
    "ShapeOf", "Range", "NonZero", "Unique", "NonMaxSuppression", "CTCGreedyDecoderSeqLen"};

std::string describe(const ov::Node& node) {
    return fmt::format("{} '{}'", node.get_type_name(), node.get_friendly_name());
}

// Follows a dynamic dimension upwards to the first node whose own inputs are static, or to a model input.
std::string origin_of(const ov::Node* node) {
    while (true) {
        const ov::Node* above = nullptr;
        for (size_t i = 0; i < node->get_input_size(); ++i) {
            if (node->get_input_partial_shape(i).is_dynamic()) above = node->get_input_node_ptr(i);
        }
        if (above == nullptr) return describe(*node);
        node = above;
    }
}

void check_outputs(const ov::Node& node, std::vector<Violation>& found) {
    for (const auto& output : node.outputs()) {
        const auto& shape = output.get_partial_shape();
        if (shape.is_static()) continue;
        found.push_back(
            {node.get_friendly_name(),
             fmt::format("{}: output {} has the dynamic shape {}; it comes from {}", describe(node),
                         output.get_index(), shape.to_string(), origin_of(&node))});
    }
}

void check_shape_sources(const ov::Node& node, std::vector<Violation>& found) {
    const std::string type = node.get_type_name();
    for (const char* data_shaped : kDataShaped) {
        if (type == data_shaped)
            found.push_back({node.get_friendly_name(), describe(node) + " was not resolved to a constant"});
    }
    const auto listed = shape_inputs().find(type);
    if (listed == shape_inputs().end()) return;
    for (const size_t port : listed->second) {
        if (port >= node.get_input_size()) continue;
        const ov::Node* source = node.get_input_node_ptr(port);
        if (ov::is_type<ov::op::v0::Constant>(source)) continue;
        found.push_back(
            {node.get_friendly_name(), fmt::format("{}: its shape depends on data, input {} comes from {}",
                                                   describe(node), port, describe(*source))});
    }
}

void check_input_types(const ov::Model& model, std::vector<Violation>& found) {
    for (const auto& input : model.inputs()) {
        const std::string name = input.get_any_name();
        auto expected = ov::element::i64;
        if (name == kBeamIdx) expected = ov::element::i32;
        if (name.starts_with(kPast)) expected = is_whole_state(name) ? ov::element::f32 : ov::element::f16;
        if (name == kInputsEmbeds) expected = ov::element::f32;
        if (input.get_element_type() == expected) continue;
        found.push_back({name, fmt::format("input '{}' is {}, expected {}", name,
                                           input.get_element_type().to_string(), expected.to_string())});
    }
}

}  // namespace

std::vector<Violation> find_violations(const std::shared_ptr<const ov::Model>& model) {
    std::vector<Violation> found = find_dynamic_parts(model);
    check_input_types(*model, found);
    return found;
}

std::vector<Violation> find_dynamic_parts(const std::shared_ptr<const ov::Model>& model) {
    std::vector<Violation> found;
    for (const auto& node : model->get_ordered_ops()) {
        check_outputs(*node, found);
        check_shape_sources(*node, found);
    }
    return found;
}

WeightCount count_compressed(const std::shared_ptr<const ov::Model>& model) {
    WeightCount count;
    for (const auto& node : model->get_ordered_ops()) {
        if (!ov::is_type<ov::op::v0::Constant>(node)) continue;
        const auto type = node->get_output_element_type(0);
        const bool matrix = node->get_output_shape(0).size() >= 2;
        if (type == ov::element::i4 || type == ov::element::u4) ++count.int4_constants;
        if (matrix && (type == ov::element::i8 || type == ov::element::u8)) ++count.int8_constants;
    }
    return count;
}

}  // namespace ovenbird
