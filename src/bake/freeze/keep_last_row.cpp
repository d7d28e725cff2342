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

}  // namespace

void keep_last_row(const std::shared_ptr<ov::Model>& model) {
    const auto head = find_head(model->output("logits").get_node_shared_ptr()->input_value(0));
    const auto mask = input_named(model, "attention_mask");
    const auto one = v0::Constant::create(ov::element::i64, {1}, {1});
    const auto axis = v0::Constant::create(ov::element::i64, {}, {1});
    const auto real_tokens = std::make_shared<v1::ReduceSum>(mask, one, false);  // [1]
    const auto last = std::make_shared<v1::Subtract>(real_tokens, one);
    last->set_friendly_name("last_row/index");
    const auto row = std::make_shared<v8::Gather>(head->input_value(0), last, axis);  // [1, 1, hidden]
    row->set_friendly_name("last_row/hidden");
    head->input(0).replace_source_output(row);
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
