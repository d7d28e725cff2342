#include <algorithm>
#include <map>
#include <numeric>
#include <openvino/op/ops.hpp>
#include <optional>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

std::shared_ptr<v0::Constant> as_constant(const Value& value) {
    return ov::as_type_ptr<v0::Constant>(value.get_node_shared_ptr());
}

const std::byte* bytes_of(const v0::Constant& constant) {
    return static_cast<const std::byte*>(constant.get_data_ptr());
}

// The axis along which parts are put behind each other: rows of a matrix, numbers of a vector.
size_t joined_axis(const ov::Shape& shape) {
    const bool vector = !shape.empty() && ov::shape_size(shape) == shape.back();
    return vector ? shape.size() - 1 : 0;
}

// Constants whose bytes lie behind each other, as one.
std::optional<Value> joined_constants(const std::vector<std::shared_ptr<v0::Constant>>& parts) {
    const auto& first = *parts.front();
    ov::Shape shape = first.get_shape();
    if (shape.empty()) return std::nullopt;
    const size_t axis = joined_axis(shape);
    for (size_t i = 1; i < parts.size(); ++i) {
        const auto& before = *parts[i - 1];
        ov::Shape like = parts[i]->get_shape();
        if (like.size() != shape.size() || parts[i]->get_element_type() != first.get_element_type())
            return std::nullopt;
        // Codes of 4 bits may end in the middle of a byte.
        const size_t bits = ov::shape_size(before.get_shape()) * first.get_element_type().bitwidth();
        if (bits % 8 != 0 || bytes_of(*parts[i]) != bytes_of(before) + bits / 8) return std::nullopt;
        const size_t rows = like[axis];
        like[axis] = shape[axis];
        if (like != shape) return std::nullopt;
        shape[axis] += rows;
    }
    const std::shared_ptr<void> owner = parts.front();
    return std::make_shared<v0::Constant>(first.get_element_type(), shape, first.get_data_ptr(), owner)
        ->output(0);
}

std::optional<Value> joined(const std::vector<Value>& parts);

// [rows, columns] of a Reshape that takes groups away.
std::optional<Value> joined_reshapes(const std::vector<Value>& parts, const Value& data) {
    const auto& shape = parts.front().get_partial_shape();
    if (data.get_partial_shape().is_dynamic() || shape.is_dynamic() || shape.size() != 2) return std::nullopt;
    const std::vector<size_t> pattern{data.get_shape()[0], shape.to_shape()[1]};
    return std::make_shared<v1::Reshape>(data, v0::Constant::create(ov::element::i64, {2}, pattern), false)
        ->output(0);
}

// The same operation over parts that can be joined, once for all of them.
std::optional<Value> joined_operations(const std::vector<Value>& parts) {
    const auto* first = parts.front().get_node();
    const bool known = ov::is_type<v0::Convert>(first) || ov::is_type<v1::Multiply>(first) ||
                       ov::is_type<v1::Subtract>(first) || ov::is_type<v1::Reshape>(first);
    if (!known) return std::nullopt;
    const size_t inputs = ov::is_type<v1::Reshape>(first) ? 1 : first->get_input_size();
    ov::OutputVector whole;
    for (size_t i = 0; i < inputs; ++i) {
        std::vector<Value> below;
        below.reserve(parts.size());
        for (const auto& part : parts)
            below.push_back(part.get_node()->input_value(i));
        const auto input = joined(below);
        if (!input) return std::nullopt;
        whole.push_back(*input);
    }
    if (ov::is_type<v1::Reshape>(first)) return joined_reshapes(parts, whole[0]);
    return first->clone_with_new_inputs(whole)->output(0);
}

std::optional<Value> joined(const std::vector<Value>& parts) {
    std::vector<std::shared_ptr<v0::Constant>> constants;
    for (const auto& part : parts) {
        const auto& shape = part.get_partial_shape();
        const bool alike = part.get_node()->get_type_info() == parts.front().get_node()->get_type_info() &&
                           part.get_element_type() == parts.front().get_element_type();
        if (!alike || shape.is_dynamic()) return std::nullopt;
        if (const auto constant = as_constant(part)) constants.push_back(constant);
    }
    return constants.empty() ? joined_operations(parts) : joined_constants(constants);
}

// The constant that a product's weights come from.
const void* first_bytes(const std::shared_ptr<ov::Node>& product) {
    Value value = product->input_value(1);
    while (value.get_node()->get_input_size() > 0)
        value = value.get_node()->input_value(0);
    const auto constant = as_constant(value);
    return constant == nullptr ? nullptr : constant->get_data_ptr();
}

// The only reader of a product, where that adds a constant.
std::shared_ptr<ov::Node> bias_of(const std::shared_ptr<ov::Node>& product) {
    const auto readers = product->output(0).get_target_inputs();
    if (readers.size() != 1) return nullptr;
    const auto sum = readers.begin()->get_node()->shared_from_this();
    const bool adds = ov::is_type<v1::Add>(sum) && sum->input_value(0) == product->output(0) &&
                      as_constant(sum->input_value(1)) != nullptr;
    return adds ? sum : nullptr;
}

// Products and, where all have one and they can be joined, their biases.
void join(const Value& x, ov::NodeVector products) {
    std::vector<Value> weights;
    std::vector<Value> biases;
    ov::NodeVector sums;
    std::vector<int64_t> rows;
    for (const auto& product : products) {
        weights.push_back(product->input_value(1));
        if (weights.back().get_partial_shape().is_dynamic()) return;
        rows.push_back(static_cast<int64_t>(weights.back().get_shape()[0]));
        if (const auto sum = bias_of(product)) {
            sums.push_back(sum);
            biases.push_back(sum->input_value(1));
        }
    }
    const auto matrix = joined(weights);
    if (!matrix) return;
    std::shared_ptr<ov::Node> whole = std::make_shared<v0::MatMul>(x, *matrix, false, true);
    whole->set_friendly_name(products.front()->get_friendly_name() + "/joint");
    if (biases.size() == products.size()) {
        if (const auto vector = joined(biases)) {
            whole = std::make_shared<v1::Add>(whole, *vector);
            products = sums;
        }
    }
    const auto split =
        std::make_shared<v1::VariadicSplit>(whole, v0::Constant::create(ov::element::i64, {}, {-1}),
                                            v0::Constant::create(ov::element::i64, {rows.size()}, rows));
    for (size_t i = 0; i < products.size(); ++i)
        products[i]->output(0).replace(split->output(i));
}

}  // namespace

std::vector<ov::NodeVector> joint_products(const std::shared_ptr<ov::Model>& model) {
    std::map<Value, ov::NodeVector> of_input;
    std::vector<Value> order;
    for (const auto& node : model->get_ordered_ops()) {
        const auto product = ov::as_type_ptr<v0::MatMul>(node);
        if (product == nullptr || product->get_transpose_a() || !product->get_transpose_b() ||
            first_bytes(product) == nullptr)
            continue;
        auto& set = of_input[product->input_value(0)];
        if (set.empty()) order.push_back(product->input_value(0));
        set.push_back(product);
    }
    std::vector<ov::NodeVector> sets;
    for (const auto& x : order)
        if (of_input[x].size() > 1) sets.push_back(of_input[x]);
    return sets;
}

void join_products(const std::shared_ptr<ov::Model>& model) {
    for (auto& set : joint_products(model)) {
        std::sort(set.begin(), set.end(),
                  [](const auto& a, const auto& b) { return first_bytes(a) < first_bytes(b); });
        join(set.front()->input_value(0), set);
    }
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
