#include <algorithm>
#include <map>
#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// Bytes. The longest context's table is far below: what is larger is no table of positions.
constexpr size_t kLargestTable = size_t{1} << 30;

// Whether a value comes of position_ids and constants alone.
class OfPositions {
public:
    explicit OfPositions(const ov::Node* positions) : positions_(positions) {}

    bool operator()(const ov::Node* node) {
        const auto known = known_.find(node);
        if (known != known_.end()) return known->second;
        bool result = node == positions_ || ov::is_type<v0::Constant>(node);
        if (!result && !ov::is_type<v0::Parameter>(node) && node->get_input_size() > 0) {
            const auto inputs = node->input_values();
            result = std::all_of(inputs.begin(), inputs.end(),
                                 [this](const Value& input) { return (*this)(input.get_node()); });
        }
        return known_[node] = result;
    }

private:
    const ov::Node* positions_;
    std::map<const ov::Node*, bool> known_;
};

// [1, …, 1, tokens, values]: a row for each token.
bool has_token_rows(const ov::Shape& shape, size_t tokens) {
    return shape.size() >= 2 && shape[shape.size() - 2] == tokens &&
           ov::shape_size(shape) == tokens * shape.back();
}

// Rows for the positions 0, 1, 2 … below `positions`, computed in f32, a graph's width of tokens at a time.
ov::Tensor rows_of_positions(const Value& value, const std::shared_ptr<v0::Parameter>& ids,
                             size_t positions) {
    const auto model = std::make_shared<ov::Model>(ov::OutputVector{value}, ov::ParameterVector{ids});
    const size_t width = ids->get_shape()[1];
    auto shape = value.get_shape();
    const size_t row = shape.back();
    shape[shape.size() - 2] = positions;
    ov::Tensor table(ov::element::f32, shape);
    for (size_t begin = 0; begin < positions; begin += width) {
        ov::Tensor some(ov::element::i64, ids->get_shape());
        for (size_t i = 0; i < width; ++i)
            some.data<int64_t>()[i] = static_cast<int64_t>(begin + i);
        ov::TensorVector rows{ov::Tensor(ov::element::f32, value.get_shape())};
        if (!model->evaluate(rows, {some})) return {};
        std::copy_n(rows[0].data<float>(), std::min(width, positions - begin) * row,
                    table.data<float>() + begin * row);
    }
    return table;
}

void look_up(const std::shared_ptr<ov::Node>& node, const std::shared_ptr<v0::Parameter>& ids,
             size_t positions) {
    const size_t tokens = ids->get_shape()[1];
    const auto& shape = node->get_output_shape(0);
    if (!has_token_rows(shape, tokens) || node->get_output_element_type(0) != ov::element::f32 ||
        positions * shape.back() * sizeof(float) > kLargestTable)
        return;
    const auto targets = node->output(0).get_target_inputs();
    const ov::Tensor table = rows_of_positions(node->output(0), ids, positions);
    if (!table) return;
    const auto flat = std::make_shared<v1::Reshape>(
        ids, v0::Constant::create(ov::element::i64, {1}, std::vector<size_t>{tokens}), false);
    const auto axis = v0::Constant::create(ov::element::i64, {}, std::vector<size_t>{shape.size() - 2});
    const auto rows = std::make_shared<v8::Gather>(std::make_shared<v0::Constant>(table), flat, axis);
    rows->set_friendly_name(node->get_friendly_name());
    for (auto target : targets)
        target.replace_source_output(rows);
}

}  // namespace

void look_up_rope(const std::shared_ptr<ov::Model>& model, int64_t positions) {
    std::shared_ptr<v0::Parameter> ids;
    for (const auto& parameter : model->get_parameters()) {
        if (parameter->output(0).get_names().contains("position_ids")) ids = parameter;
    }
    if (ids == nullptr || ids->get_shape().size() != 2 || ids->get_shape()[0] != 1) return;
    OfPositions of_positions(ids.get());
    for (const auto& node : model->get_ordered_ops()) {
        const bool is_table =
            ov::is_type<v0::Cos>(node) || ov::is_type<v0::Sin>(node) || ov::is_type<v0::Log>(node);
        if (is_table && of_positions(node.get())) look_up(node, ids, static_cast<size_t>(positions));
    }
}

}  // namespace ovenbird
