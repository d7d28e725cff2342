#pragma once
// Part of a graph as a model of its own, in one canonical form: equal parts give equal text.

#include <functional>
#include <map>
#include <openvino/core/model.hpp>
#include <openvino/op/constant.hpp>
#include <string>
#include <vector>

namespace ovenbird {

/// Copies operations backwards from the values that are asked for, in an order that depends only on the
/// graph's structure, and gives them names of that order.
class Block {
public:
    /// What a value from outside the part is called as an input ("hidden", "shared.0"); empty for a value
    /// that is copied.
    using Boundary = std::function<std::string(const ov::Output<ov::Node>&)>;

    /// `weights_as_inputs`: tensors become inputs weights.0, weights.1, …; otherwise they are copied.
    Block(Boundary boundary, bool weights_as_inputs)
        : boundary_(std::move(boundary)), weights_as_inputs_(weights_as_inputs) {}

    /// An input of another shape than the value has in the graph.
    void override_shape(const std::string& input, const ov::Shape& shape) { shapes_[input] = shape; }

    void add_result(const ov::Output<ov::Node>& value, const std::string& name);

    /// Inputs in the order of their names' first letters: hidden, past.*, shared.*, weights.*.
    std::shared_ptr<ov::Model> model() const;

    /// The constants that became weights.0, weights.1, …
    const std::vector<std::shared_ptr<ov::op::v0::Constant>>& weights() const { return weights_; }

private:
    ov::Output<ov::Node> copy(const ov::Output<ov::Node>& value);
    std::shared_ptr<ov::Node> copy_node(const std::shared_ptr<ov::Node>& node);
    ov::Output<ov::Node> input(const std::string& name, const ov::element::Type& type,
                               const ov::Shape& shape);
    ov::Output<ov::Node> weight(const std::shared_ptr<ov::op::v0::Constant>& constant);

    Boundary boundary_;
    bool weights_as_inputs_;
    std::map<std::string, ov::Shape> shapes_;
    std::map<const ov::Node*, std::shared_ptr<ov::Node>> copies_;
    std::map<std::string, ov::Output<ov::Node>> named_;
    std::map<const ov::Node*, ov::Output<ov::Node>> by_constant_;
    std::vector<std::shared_ptr<ov::op::v0::Constant>> weights_;
    ov::ParameterVector parameters_;
    ov::ResultVector results_;
    size_t copied_ = 0;
};

/// The model's text and constants, by which blocks are compared.
std::string text_of(const std::shared_ptr<ov::Model>& model);

}  // namespace ovenbird
