#include <algorithm>
#include <openvino/op/ops.hpp>
#include <openvino/op/util/read_value_base.hpp>

#include "bake/forms/passes.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

bool is_empty(const ov::PartialShape& shape) {
    return std::any_of(shape.begin(), shape.end(), [](const ov::Dimension& axis) { return axis == 0; });
}

// A cache of no tokens: every axis that is not fixed is 1 (the batch, first) or 0 (the tokens).
std::shared_ptr<v0::Constant> empty_cache(const ov::PartialShape& shape, const ov::element::Type& type) {
    ov::Shape fixed;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        const size_t free = axis == 0 ? 1 : 0;
        fixed.push_back(shape[axis].is_static() ? static_cast<size_t>(shape[axis].get_length()) : free);
    }
    return std::make_shared<v0::Constant>(type, fixed);
}

void replace_chosen(const ov::Output<ov::Node>& state, const ov::Output<ov::Node>& value) {
    for (const auto& reader : state.get_target_inputs())
        if (ov::is_type<v8::Gather>(reader.get_node())) reader.get_node()->output(0).replace(value);
}

// What a state holds after a reset: its initial value, or no tokens.
void drop_states(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        const auto read = ov::as_type_ptr<util::ReadValueBase>(node);
        if (read == nullptr) continue;
        if (read->get_input_size() > 0) {
            // Of a whole state, which is not empty, beam_idx would go on to choose.
            if (is_whole_state(read->get_variable_id()))
                replace_chosen(read->output(0), read->input_value(0));
            read->output(0).replace(read->input_value(0));
        } else {
            const auto& info = dynamic_cast<util::VariableExtension&>(*read).get_variable()->get_info();
            read->output(0).replace(empty_cache(info.data_shape, info.data_type)->output(0));
        }
    }
    drop_state_sinks(model);
}

void drop_cache_inputs(const std::shared_ptr<ov::Model>& model) {
    for (const auto& parameter : ov::ParameterVector(model->get_parameters())) {
        if (!parameter->output(0).get_any_name().starts_with(kPast)) continue;
        parameter->output(0).replace(
            empty_cache(parameter->get_partial_shape(), parameter->get_element_type())->output(0));
        model->remove_parameter(parameter);
    }
}

// Only the logits are asked for; new keys and values would have nowhere to go.
void drop_other_outputs(const std::shared_ptr<ov::Model>& model) {
    for (const auto& result : ov::ResultVector(model->get_results())) {
        if (!result->input_value(0).get_names().contains(kLogits)) model->remove_result(result);
    }
}

}  // namespace

void drop_state_sinks(const std::shared_ptr<ov::Model>& model) {
    for (const auto& sink : ov::SinkVector(model->get_sinks()))
        model->remove_sink(sink);
    for (const auto& variable : ov::op::util::VariableVector(model->get_variables()))
        model->remove_variable(variable);
}

void drop_cache(const std::shared_ptr<ov::Model>& model) {
    drop_states(model);
    drop_cache_inputs(model);
    if (model->outputs().size() > 1) drop_other_outputs(model);
}

void drop_empty_parts(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        if (!ov::is_type<v0::Concat>(node)) continue;
        ov::OutputVector parts;
        for (const auto& input : node->input_values()) {
            if (!is_empty(input.get_partial_shape())) parts.push_back(input);
        }
        if (parts.empty() || parts.size() == node->get_input_size()) continue;
        node->output(0).replace(parts.size() == 1 ? parts[0] : node->clone_with_new_inputs(parts)->output(0));
    }
    for (const auto& parameter : ov::ParameterVector(model->get_parameters())) {
        if (parameter->output(0).get_target_inputs().empty() &&
            parameter->output(0).get_any_name() == kBeamIdx)
            model->remove_parameter(parameter);
    }
}

}  // namespace ovenbird
