#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"
#include "base/error.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// From the result up through one-input operations (a final Convert, say) to the head's MatMul.
std::shared_ptr<ov::Node> head_of(ov::Model& model) {
    auto node = model.output(kLogits).get_node_shared_ptr();
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

using Choose = std::function<std::shared_ptr<ov::Node>(const ov::Output<ov::Node>&)>;

// A version of each value with the chosen rows only, made once.
class ChosenRows {
public:
    explicit ChosenRows(Choose choose) : choose_(std::move(choose)) {}

    std::shared_ptr<ov::Node> of(const ov::Output<ov::Node>& value) {
        auto& rows = rows_[value];
        if (rows == nullptr) rows = choose_(value);
        return rows;
    }

    // Lets what only these rows need see only these rows: the choice moves up through operations that treat
    // rows alike, as long as nothing else reads them. In a decoder that is all of the last layer after its
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
    static bool is_one(const ov::Dimension& axis) { return axis.is_static() && axis.get_length() == 1; }

    static bool has_rows(const ov::PartialShape& shape) {
        return shape.rank().is_static() && shape.size() == 3 && !is_one(shape[1]);
    }

    static bool reduces_last_axis(const ov::Node& node) {
        const auto* axes = ov::as_type<const v0::Constant>(node.get_input_node_ptr(1));
        if (axes == nullptr) return false;
        const auto list = axes->cast_vector<int64_t>();
        return list.size() == 1 && (list[0] == -1 || list[0] == 2);
    }

    // Whether an elementwise input is the same for every row, or has them where the output has them.
    static bool aligns_rows(const ov::PartialShape& shape) {
        if (shape.rank().is_dynamic() || shape.size() > 3) return false;
        if (shape.size() == 2) return is_one(shape[0]);
        return shape.size() < 2 || has_rows(shape) || is_one(shape[1]);
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
            inputs.push_back(has_rows(input.get_partial_shape()) ? of(input) : input);
        const auto moved = node->clone_with_new_inputs(inputs);
        moved->set_friendly_name(node->get_friendly_name());
        row->output(0).replace(moved->output(0));
        rows_.erase(value);
    }

    Choose choose_;
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

void keep_rows(const std::shared_ptr<ov::Model>& model, const std::shared_ptr<ov::Node>& head,
               const Choose& choose) {
    ChosenRows rows(choose);
    head->input(0).replace_source_output(rows.of(head->input_value(0)));
    rows.move_up();
    model->validate_nodes_and_infer_types();
}

}  // namespace

void keep_last_row(const std::shared_ptr<ov::Model>& model) {
    const auto head = head_of(*model);
    const auto one = v0::Constant::create(ov::element::i64, {1}, {1});
    const auto mask = of_new_tokens(input_named(model, kAttentionMask), head->get_input_partial_shape(0));
    const auto real_tokens = std::make_shared<v1::ReduceSum>(mask, one, false);  // [1]
    const auto last = std::make_shared<v1::Subtract>(real_tokens, one);
    last->set_friendly_name("last_row/index");
    keep_rows(model, head, [&](const auto& value) {  // [1, 1, hidden]
        return std::make_shared<v8::Gather>(value, last, v0::Constant::create(ov::element::i64, {}, {1}));
    });
}

void keep_last_rows(const std::shared_ptr<ov::Model>& model, int64_t rows) {
    const auto integer = [](int64_t value) { return v0::Constant::create(ov::element::i64, {1}, {value}); };
    keep_rows(model, head_of(*model), [&](const auto& value) {
        auto slice = std::make_shared<v8::Slice>(
            value, integer(-rows), integer(std::numeric_limits<int64_t>::max()), integer(1), integer(1));
        slice->set_friendly_name(fmt::format("{}/{}", kKeptRows, value.get_node()->get_friendly_name()));
        return slice;
    });
}

}  // namespace ovenbird
