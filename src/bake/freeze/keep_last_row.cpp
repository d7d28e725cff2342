#include <algorithm>
#include <map>
#include <openvino/op/ops.hpp>

#include "bake/freeze/freeze.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// From the result up through one-input operations (a final Convert, say) to the head's MatMul.
std::shared_ptr<ov::Node> find_head(const ov::Output<ov::Node>& logits) {
    auto node = logits.get_node_shared_ptr();
    while (!ov::is_type<v0::MatMul>(node)) {
        if (node->get_input_size() == 0) {
            fail(ErrorCode::unsupported, "output 'logits' does not come from a MatMul; use --all-logits");
        }
        node = node->get_input_node_shared_ptr(0);
    }
    return node;
}

ov::Output<ov::Node> input_named(const std::shared_ptr<ov::Model>& model, const std::string& name) {
    for (const auto& input : model->inputs()) {
        if (input.get_names().contains(name)) return input;
    }
    fail(ErrorCode::unsupported, "the model has no input '{}'; use --all-logits", name);
}

// A one-row version of each value, made once.
class LastRow {
public:
    explicit LastRow(ov::Output<ov::Node> index) : index_(std::move(index)) {}

    std::shared_ptr<ov::Node> gather(const ov::Output<ov::Node>& value) {
        auto& row = rows_[value];
        if (row == nullptr)
            row =
                std::make_shared<v8::Gather>(value, index_, v0::Constant::create(ov::element::i64, {}, {1}));
        return row;
    }

    // Lets what only this row needs see only this row: the Gather moves up through operations that treat rows
    // alike, as long as nothing else reads them. In a decoder that is all of the last layer after its
    // attention.
    void move_up() {
        for (bool moved = true; moved;) {
            moved = false;
            const auto rows = rows_;
            for (const auto& [value, row] : rows) {
                if (value.get_target_inputs().size() == 1 && treats_rows_alike(*value.get_node())) {
                    move_above(value, row);
                    moved = true;
                    break;  // the map has changed
                }
            }
        }
    }

private:
    static bool has_rows(const ov::PartialShape& shape) {
        return shape.is_static() && shape.size() == 3 && shape[1].get_length() > 1;
    }

    static bool reduces_last_axis(const ov::Node& node) {
        const auto* axes = ov::as_type<const v0::Constant>(node.get_input_node_ptr(1));
        if (axes == nullptr) return false;
        const auto list = axes->cast_vector<int64_t>();
        return list.size() == 1 && (list[0] == -1 || list[0] == 2);
    }

    // Whether an elementwise input is the same for every row, or has them where the output has them.
    static bool aligns_rows(const ov::PartialShape& shape) {
        if (shape.is_dynamic() || shape.size() > 3) return false;
        if (shape.size() == 2) return shape[0].get_length() == 1;
        return shape.size() < 2 || has_rows(shape) || shape[1].get_length() == 1;
    }

    static bool is_elementwise(const ov::Node& node) {
        if (!ov::is_type<ov::op::util::UnaryElementwiseArithmetic>(&node) &&
            !ov::is_type<ov::op::util::BinaryElementwiseArithmetic>(&node) &&
            !ov::is_type<v0::Convert>(&node) && !ov::is_type<v4::Swish>(&node))
            return false;
        const auto inputs = node.input_values();
        return std::all_of(inputs.begin(), inputs.end(),
                           [](const auto& input) { return aligns_rows(input.get_partial_shape()); });
    }

    static bool treats_rows_alike(const ov::Node& node) {
        if (node.get_output_size() != 1 || !has_rows(node.get_output_partial_shape(0))) return false;
        if (const auto* product = ov::as_type<const v0::MatMul>(&node))
            return !product->get_transpose_a() && has_rows(node.get_input_partial_shape(0)) &&
                   !has_rows(node.get_input_partial_shape(1));
        if (const auto* mean = ov::as_type<const v1::ReduceMean>(&node))
            return mean->get_keep_dims() && reduces_last_axis(node);
        return is_elementwise(node);
    }

    void move_above(const ov::Output<ov::Node>& value, const std::shared_ptr<ov::Node>& row) {
        const auto node = value.get_node_shared_ptr();
        ov::OutputVector inputs;
        for (const auto& input : node->input_values())
            inputs.push_back(has_rows(input.get_partial_shape()) ? gather(input) : input);
        const auto moved = node->clone_with_new_inputs(inputs);
        moved->set_friendly_name(node->get_friendly_name());
        row->output(0).replace(moved->output(0));
        rows_.erase(value);
    }

    ov::Output<ov::Node> index_;
    std::map<ov::Output<ov::Node>, std::shared_ptr<ov::Node>> rows_;
};

// With a cache, the mask begins with the kept tokens; the rows are the new ones.
ov::Output<ov::Node> of_new_tokens(const ov::Output<ov::Node>& mask, const ov::PartialShape& rows) {
    const auto length = mask.get_partial_shape()[1];
    if (length.is_dynamic() || rows[1].is_dynamic() || length == rows[1]) return mask;
    const auto integer = [](int64_t value) { return v0::Constant::create(ov::element::i64, {1}, {value}); };
    return std::make_shared<v8::Slice>(mask, integer(length.get_length() - rows[1].get_length()),
                                       integer(length.get_length()), integer(1), integer(1));
}

}  // namespace

void keep_last_row(const std::shared_ptr<ov::Model>& model) {
    const auto head = find_head(model->output("logits").get_node_shared_ptr()->input_value(0));
    const auto one = v0::Constant::create(ov::element::i64, {1}, {1});
    const auto mask = of_new_tokens(input_named(model, "attention_mask"), head->get_input_partial_shape(0));
    const auto real_tokens = std::make_shared<v1::ReduceSum>(mask, one, false);  // [1]
    const auto last = std::make_shared<v1::Subtract>(real_tokens, one);
    last->set_friendly_name("last_row/index");
    LastRow row(last);
    head->input(0).replace_source_output(row.gather(head->input_value(0)));  // [1, 1, hidden]
    row.move_up();
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
