#include <algorithm>
#include <map>
#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// Heads of which each was written out `copies` times in a row.
struct Copied {
    Value heads;  // [1, heads, rows, size]; no node when there are no copies
    size_t copies = 1;
};

Value reshaped(const Value& value, const ov::Shape& shape) {
    const auto pattern = v0::Constant::create(ov::element::i64, {shape.size()}, shape);
    return std::make_shared<v1::Reshape>(value, pattern, false);
}

bool is_rank(const Value& value, size_t rank) {
    const auto& shape = value.get_partial_shape();
    return shape.is_static() && shape.size() == rank;
}

// A Broadcast, a Tile, or a Concat of one value several times: the shapes say along which axis.
bool makes_copies(const ov::Node& node) {
    if (ov::is_type<ov::op::util::BroadcastBase>(&node) || ov::is_type<v0::Tile>(&node)) return true;
    if (!ov::is_type<v0::Concat>(&node)) return false;
    const auto inputs = node.input_values();
    return std::all_of(inputs.begin(), inputs.end(), [&](const Value& input) { return input == inputs[0]; });
}

// [1, heads, 1, rows, size] to [1, heads, copies, rows, size] to [1, heads * copies, rows, size].
Copied find_copies(const Value& value) {
    const auto* joined = value.get_node();
    if (!ov::is_type<v1::Reshape>(joined) || !is_rank(joined->input_value(0), 5)) return {};
    const auto* copier = joined->get_input_node_ptr(0);
    if (!makes_copies(*copier) || !is_rank(copier->input_value(0), 5)) return {};
    const auto single = copier->input_value(0);
    const auto& shape = single.get_shape();
    const size_t copies = copier->get_output_shape(0)[2];
    if (shape[0] != 1 || shape[2] != 1) return {};
    // Nothing shrinks on the way, so with as many elements no other axis was copied.
    if (value.get_shape() != ov::Shape{1, shape[1] * copies, shape[3], shape[4]}) return {};
    const ov::Shape heads{1, shape[1], shape[3], shape[4]};
    const auto* apart = single.get_node();
    const bool was_apart = ov::is_type<v0::Unsqueeze>(apart) || ov::is_type<v1::Reshape>(apart);
    if (was_apart && apart->get_input_partial_shape(0) == ov::PartialShape(heads))
        return {apart->input_value(0), copies};
    return {reshaped(single, heads), copies};
}

// Exporters cut the mask to the keys' length in each layer; of fixed shapes nothing is cut.
Value without_whole_slices(Value value) {
    while (ov::is_type<v8::Slice>(value.get_node())) {
        const auto* slice = value.get_node();
        const auto* steps = ov::as_type<v0::Constant>(slice->get_input_node_ptr(3));
        if (steps == nullptr || slice->get_output_partial_shape(0) != slice->get_input_partial_shape(0))
            break;
        const auto list = steps->cast_vector<int64_t>();
        if (std::any_of(list.begin(), list.end(), [](int64_t step) { return step < 0; })) break;
        value = slice->input_value(0);
    }
    return value;
}

// Masks with their rows repeated, once for all layers that share one.
class RepeatedMasks {
public:
    Value repeated(const Value& mask, size_t times) {
        auto& rows = rows_[{mask, times}];
        if (rows.get_node() == nullptr) rows = std::make_shared<v0::Concat>(ov::OutputVector(times, mask), 2);
        return rows;
    }

private:
    std::map<std::pair<Value, size_t>, Value> rows_;
};

void fold(const std::shared_ptr<ov::Node>& attention, const Copied& keys, const Copied& values,
          RepeatedMasks& masks) {
    auto inputs = attention->input_values();
    const auto shape = inputs[0].get_shape();
    inputs[0] = reshaped(inputs[0], {1, shape[1] / keys.copies, keys.copies * shape[2], shape[3]});
    inputs[1] = keys.heads;
    inputs[2] = values.heads;
    // A mask of one element stands for none.
    if (inputs.size() > 3 && ov::shape_size(inputs[3].get_shape()) > 1)
        inputs[3] = masks.repeated(without_whole_slices(inputs[3]), keys.copies);
    const auto folded = attention->clone_with_new_inputs(inputs);
    folded->set_friendly_name(attention->get_friendly_name());
    const auto result = reshaped(folded, attention->get_output_shape(0));
    result.get_node()->set_friendly_name(attention->get_friendly_name() + "/heads");
    attention->output(0).replace(result);
}

// A mask that all heads share, with a row for each query.
bool is_shared_mask(const Value& mask, const ov::Shape& queries) {
    if (mask.get_partial_shape().is_dynamic()) return false;
    const auto& shape = mask.get_shape();
    if (ov::shape_size(shape) == 1) return true;
    return shape.size() == 4 && shape[0] == 1 && shape[1] == 1 && shape[2] == queries[2];
}

bool can_be_folded(const v13::ScaledDotProductAttention& attention) {
    if (attention.get_causal() || !is_rank(attention.input_value(0), 4)) return false;
    const auto& queries = attention.get_input_shape(0);
    return queries[0] == 1 &&
           (attention.get_input_size() < 4 || is_shared_mask(attention.input_value(3), queries));
}

}  // namespace

void queries_into_rows(const std::shared_ptr<ov::Model>& model) {
    RepeatedMasks masks;
    for (const auto& node : model->get_ordered_ops()) {
        const auto* attention = ov::as_type<v13::ScaledDotProductAttention>(node.get());
        if (attention == nullptr || !can_be_folded(*attention)) continue;
        const auto keys = find_copies(node->input_value(1));
        const auto values = find_copies(node->input_value(2));
        const bool alike = keys.copies == values.copies && keys.copies > 1;
        if (alike && node->get_input_shape(0)[1] == node->get_input_shape(1)[1] &&
            node->get_input_shape(1)[1] == node->get_input_shape(2)[1])
            fold(node, keys, values, masks);
    }
}

}  // namespace ovenbird
