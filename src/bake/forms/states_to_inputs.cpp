#include <fmt/format.h>

#include <openvino/op/ops.hpp>
#include <openvino/op/util/assign_base.hpp>
#include <openvino/op/util/read_value_base.hpp>

#include "bake/forms/passes.hpp"
#include "bake/graph/layers.hpp"
#include "base/error.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// What the layers read of a state: its rows as beam_idx chose them, or the state itself.
Value chosen_of(const Value& state) {
    for (const auto& reader : state.get_target_inputs())
        if (ov::is_type<v8::Gather>(reader.get_node())) return reader.get_node()->output(0);
    return state;
}

// The tokens that a Concat puts behind `kept`.
Value new_behind(const Value& kept, const std::string& name) {
    for (const auto& reader : kept.get_target_inputs()) {
        const auto* concat = ov::as_type<v0::Concat>(reader.get_node());
        if (concat != nullptr && concat->get_input_size() == 2 && concat->input_value(0) == kept)
            return concat->input_value(1);
    }
    fail(ErrorCode::unsupported, "the state {} is not extended by a Concat of what is kept and what is new",
         name);
}

std::shared_ptr<v0::Parameter> past_input(const std::string& name, const ov::PartialShape& state,
                                          int64_t past) {
    if (state.size() != 4 || state[1].is_dynamic() || state[3].is_dynamic())
        fail(ErrorCode::unsupported, "the state {} is {}, expected [?, heads, ?, head size]", name,
             state.to_string());
    return named_input(name, ov::element::f16, {1, state[1], past, state[3]});
}

std::shared_ptr<v0::Result> present_output(const Value& fresh, const std::string& name) {
    const auto output = std::make_shared<v0::Result>(std::make_shared<v0::Convert>(fresh, ov::element::f16));
    output->set_friendly_name(name);
    output->get_output_tensor(0).set_names({name});
    return output;
}

// What is given back of a state.
Value given_of(const ov::Model& model, const std::string& name) {
    for (const auto& sink : model.get_sinks()) {
        const auto assign = ov::as_type_ptr<util::AssignBase>(sink);
        if (assign != nullptr && assign->get_variable_id() == name) return assign->input_value(0);
    }
    fail(ErrorCode::unsupported, "nothing is given back of the state {}", name);
}

void whole_state_to_input(ov::Model& model, util::ReadValueBase& read) {
    const std::string name = read.get_variable_id();
    ov::PartialShape shape = read.get_variable()->get_info().data_shape;
    shape[0] = 1;
    if (shape.is_dynamic())
        fail(ErrorCode::unsupported, "the state {} is {}, expected sizes that are known", name,
             shape.to_string());
    const auto input = named_input(name, ov::element::f32, shape);
    const auto output = std::make_shared<v0::Result>(given_of(model, name));
    const Value kept = chosen_of(read.output(0));
    for (Value old : {kept, read.output(0)})
        old.replace(input->output(0));
    input->get_output_tensor(0).set_names({name});
    const std::string given = std::string(kPresent) + name.substr(kPast.size());
    output->set_friendly_name(given);
    output->get_output_tensor(0).set_names({given});
    model.add_parameters({input});
    model.add_results({output});
}

}  // namespace

void states_to_inputs(const std::shared_ptr<ov::Model>& model, int64_t past) {
    for (const auto& node : model->get_ordered_ops()) {
        const auto read = ov::as_type_ptr<util::ReadValueBase>(node);
        if (read == nullptr) continue;
        const std::string name = read->get_variable_id();
        if (is_whole_state(name)) {
            whole_state_to_input(*model, *read);
            continue;
        }
        const Value kept = chosen_of(read->output(0));
        const Value fresh = new_behind(kept, name);
        const auto input = past_input(name, read->get_variable()->get_info().data_shape, past);
        const Value held = std::make_shared<v0::Convert>(input, kept.get_element_type());
        // Lengths are asked of states, too. The name stays with the input.
        for (Value old : {kept, read->output(0)})
            old.replace(held);
        held.get_tensor().set_names({});
        input->get_output_tensor(0).set_names({name});
        model->add_parameters({input});
        model->add_results({present_output(fresh, std::string(kPresent) + name.substr(kPast.size()))});
    }
    drop_state_sinks(model);
}

}  // namespace ovenbird
