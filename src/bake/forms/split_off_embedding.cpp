#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// Whether a value is looked up with the ids alone: rows of a table, converted, scaled.
bool is_lookup(const Value& value) {
    const auto* node = value.get_node();
    if (ov::is_type<v0::Constant>(node)) return true;
    if (ov::is_type<v0::Parameter>(node)) return value.get_names().contains("input_ids");
    if (!ov::is_type<v0::Convert>(node) && !ov::is_type<v1::Multiply>(node) &&
        !ov::is_type<v1::Subtract>(node) && !ov::is_type<util::GatherBase>(node))
        return false;
    const auto inputs = node->input_values();
    return std::all_of(inputs.begin(), inputs.end(), is_lookup);
}

// The Gather from the widest table: scales and zero points are looked up with the ids as well.
Value widest_rows(const std::shared_ptr<ov::Model>& model) {
    Value widest;
    for (const auto& node : model->get_ordered_ops()) {
        if (!ov::is_type<util::GatherBase>(node) || !is_lookup(node->output(0))) continue;
        const Value ids = node->input_value(1);
        if (ov::is_type<v0::Constant>(ids.get_node()) || node->get_output_shape(0).size() != 3) continue;
        if (widest.get_node() == nullptr || node->get_output_shape(0)[2] > widest.get_shape()[2])
            widest = node->output(0);
    }
    if (widest.get_node() == nullptr) {
        fail(ErrorCode::unsupported,
             "--embedding host: no table is looked up with input_ids in this graph; use --embedding device");
    }
    return widest;
}

// What the layers see: the rows after their scaling. The first value that two operations read ends the chain.
Value embedded(Value rows) {
    while (rows.get_target_inputs().size() == 1) {
        const Value next = rows.get_target_inputs().begin()->get_node()->output(0);
        if (!is_lookup(next)) break;
        rows = next;
    }
    return rows;
}

}  // namespace

std::shared_ptr<ov::Model> split_off_embedding(const std::shared_ptr<ov::Model>& model) {
    const auto ids = ov::as_type_ptr<v0::Parameter>(model->input("input_ids").get_node_shared_ptr());
    const Value rows = embedded(widest_rows(model));
    const auto embeds = std::make_shared<v0::Parameter>(ov::element::f32, rows.get_shape());
    embeds->set_friendly_name("inputs_embeds");
    for (auto& target : rows.get_target_inputs())
        target.replace_source_output(embeds);
    embeds->get_output_tensor(0).set_names({"inputs_embeds"});
    model->remove_parameter(ids);
    model->add_parameters({embeds});
    model->validate_nodes_and_infer_types();
    ids->set_partial_shape({1, -1});  // only the CPU runs it, for chunks of any length
    const auto result = std::make_shared<v0::Result>(rows);
    result->get_output_tensor(0).set_names({"inputs_embeds"});
    return std::make_shared<ov::Model>(ov::ResultVector{result}, ov::ParameterVector{ids}, "embeddings");
}

}  // namespace ovenbird
