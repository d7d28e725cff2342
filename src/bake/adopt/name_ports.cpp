#include <openvino/op/ops.hpp>

#include "bake/adopt/adopt.hpp"
#include "base/error.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

bool is_present(const std::string& name) {
    return name.starts_with(kPresent) || name.starts_with("present_key_values.");
}

std::string name_of(const ov::Output<ov::Node>& port) {
    return port.get_names().empty() ? port.get_node()->get_friendly_name() : port.get_any_name();
}

// The output called logits, or the only one that can be: [batch, tokens, vocabulary], no cache.
std::shared_ptr<ov::Node> find_logits(const std::shared_ptr<ov::Model>& model) {
    std::shared_ptr<ov::Node> found;
    std::string names;
    for (const auto& result : model->get_results()) {
        const auto output = result->output(0);
        if (output.get_names().contains(kLogits)) return result;
        names += " " + name_of(output);
        const bool fits = output.get_partial_shape().rank() == ov::Rank(3) &&
                          output.get_element_type().is_real() && !is_present(name_of(output));
        if (!fits) continue;
        if (found != nullptr) {
            fail(ErrorCode::unsupported, "which output of the IR are the logits? none is called so; found:{}",
                 names);
        }
        found = result;
    }
    if (found == nullptr)
        fail(ErrorCode::unsupported, "no output of the IR are logits [batch, tokens, vocabulary]; found:{}",
             names);
    return found;
}

void name_logits(const std::shared_ptr<ov::Model>& model) {
    const auto result = find_logits(model);
    auto value = result->input_value(0);
    if (value.get_element_type() == ov::element::f32 && value.get_names().contains(kLogits)) return;
    value.get_tensor().set_names({});
    model->remove_result(ov::as_type_ptr<v0::Result>(result));
    if (value.get_element_type() != ov::element::f32)
        value = std::make_shared<v0::Convert>(value, ov::element::f32);
    value.get_tensor().set_names({kLogits});
    const auto named = std::make_shared<v0::Result>(value);
    named->set_friendly_name(kLogits);
    model->add_results({named});
}

void take_integers(const std::shared_ptr<ov::Model>& model, const std::shared_ptr<v0::Parameter>& old,
                   const ov::element::Type& type) {
    if (old->get_element_type() == type) return;
    const std::string name = old->output(0).get_any_name();
    const auto input = std::make_shared<v0::Parameter>(type, old->get_partial_shape());
    input->set_friendly_name(name);
    const auto converted = std::make_shared<v0::Convert>(input, old->get_element_type());
    old->output(0).replace(converted);
    model->remove_parameter(old);
    model->add_parameters({input});
    converted->get_output_tensor(0).set_names({});
    input->get_output_tensor(0).set_names({name});
}

}  // namespace

void name_ports(const std::shared_ptr<ov::Model>& model) {
    name_logits(model);
    for (const auto& input : ov::ParameterVector(model->get_parameters())) {
        const auto& names = input->output(0).get_names();
        if (names.empty()) continue;
        if (names.contains(kBeamIdx)) {
            take_integers(model, input, ov::element::i32);
        } else if (names.contains(kInputIds) || names.contains(kAttentionMask) ||
                   names.contains(kPositionIds)) {
            take_integers(model, input, ov::element::i64);
        }
    }
    model->validate_nodes_and_infer_types();
}

}  // namespace ovenbird
