#include "bake/forms/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <openvino/op/ops.hpp>
#include <openvino/pass/serialize.hpp>
#include <sstream>

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// A tensor that was learnt, not a number that belongs to the operation, which has no axis (or several).
bool is_weight(const v0::Constant& constant) {
    const auto type = constant.get_element_type();
    const bool compressed = type.bitwidth() <= 8 && type != ov::element::boolean;
    return (type.is_real() || compressed) &&
           (ov::shape_size(constant.get_shape()) > 1 || constant.get_shape().size() == 1);
}

}  // namespace

void Block::add_result(const Value& value, const std::string& name) {
    const auto result = std::make_shared<v0::Result>(copy(value));
    result->set_friendly_name(name);
    result->get_output_tensor(0).set_names({name});
    results_.push_back(result);
}

Value Block::input(const std::string& name, const ov::element::Type& type, const ov::Shape& shape) {
    auto& value = named_[name];
    if (value.get_node() != nullptr) return value;
    const auto shaped = shapes_.find(name);
    const auto parameter =
        std::make_shared<v0::Parameter>(type, shaped == shapes_.end() ? shape : shaped->second);
    parameter->set_friendly_name(name);
    parameter->get_output_tensor(0).set_names({name});
    parameters_.push_back(parameter);
    return value = parameter->output(0);
}

Value Block::weight(const std::shared_ptr<v0::Constant>& constant) {
    auto& value = by_constant_[constant.get()];
    if (value.get_node() != nullptr) return value;
    value = input(fmt::format("weights.{}", weights_.size()), constant->get_element_type(),
                  constant->get_shape());
    weights_.push_back(constant);
    return value;
}

Value Block::copy(const Value& value) {
    const std::string outside = boundary_(value);
    if (!outside.empty()) return input(outside, value.get_element_type(), value.get_shape());
    const auto node = value.get_node_shared_ptr();
    const auto constant = ov::as_type_ptr<v0::Constant>(node);
    if (constant && weights_as_inputs_ && is_weight(*constant)) return weight(constant);
    auto& made = copies_[node.get()];
    if (made == nullptr) made = copy_node(node);
    return made->output(value.get_index());
}

std::shared_ptr<ov::Node> Block::copy_node(const std::shared_ptr<ov::Node>& node) {
    ov::OutputVector inputs;
    for (const auto& value : node->input_values())
        inputs.push_back(copy(value));
    auto made = node->clone_with_new_inputs(inputs);
    made->set_friendly_name(fmt::format("{}_{}", node->get_type_name(), copied_++));
    for (auto& output : made->outputs())
        output.get_tensor().set_names({});
    return made;
}

std::shared_ptr<ov::Model> Block::model() const {
    auto parameters = parameters_;
    std::stable_sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) {
        return a->get_friendly_name()[0] < b->get_friendly_name()[0];
    });
    return std::make_shared<ov::Model>(results_, parameters, "ovenbird");
}

std::string text_of(const std::shared_ptr<ov::Model>& model) {
    std::ostringstream xml;
    std::ostringstream bin;
    ov::pass::Serialize(xml, bin).run_on_model(model);
    return xml.str() + bin.str();
}

}  // namespace ovenbird
