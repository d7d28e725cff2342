#include "check/numerics.hpp"

#include <algorithm>
#include <cmath>
#include <openvino/op/ops.hpp>
#include <set>

#include "base/error.hpp"
#include "check/check.hpp"
#include "check/half_probe.hpp"
#include "device/cpu_reference.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using NodeSet = std::set<const ov::Node*>;

// Attention in the steps that a device takes: its scores are values like any other.
void write_attention_out(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        const auto attention = ov::as_type_ptr<v13::ScaledDotProductAttention>(node);
        if (attention == nullptr || attention->get_causal() || attention->get_input_size() != 5) continue;
        const auto name = attention->get_friendly_name();
        const auto named = [&](const std::shared_ptr<ov::Node>& step, const char* what) {
            step->set_friendly_name(name + what);
            return step;
        };
        const auto query = named(
            std::make_shared<v1::Multiply>(attention->input_value(0), attention->input_value(4)), "/query");
        const auto scores =
            named(std::make_shared<v0::MatMul>(query, attention->input_value(1), false, true), "/scores");
        const auto masked = named(std::make_shared<v1::Add>(scores, attention->input_value(3)), "/masked");
        const auto shares = named(std::make_shared<v8::Softmax>(masked, -1), "/softmax");
        const auto mixed = std::make_shared<v0::MatMul>(shares, attention->input_value(2));
        mixed->set_friendly_name(name);
        attention->output(0).replace(mixed->output(0));
    }
}

// What an RMS norm computes between its input and its result.
NodeSet inside_norms(const ov::Model& model) {
    NodeSet inside;
    for (const auto& node : model.get_ordered_ops()) {
        if (!ov::is_type<v1::ReduceMean>(node)) continue;
        inside.insert(node.get());
        inside.insert(node->get_input_node_ptr(0));  // the square
        const ov::Node* next = node.get();
        while (next->get_output_target_inputs(0).size() == 1) {
            next = next->get_output_target_inputs(0).begin()->get_node();
            if (ov::is_type<v1::Multiply>(next)) break;
            inside.insert(next);
        }
    }
    return inside;
}

NodeSet depend_on_inputs(const ov::Model& model) {
    NodeSet depending;
    for (const auto& node : model.get_ordered_ops()) {
        bool depends = ov::is_type<v0::Parameter>(node);
        for (const auto& input : node->input_values())
            depends = depends || depending.contains(input.get_node());
        if (depends) depending.insert(node.get());
    }
    return depending;
}

// Moves values without computing: rounded once, they stay as they are.
bool only_moves(const ov::Node& node) {
    return ov::is_type<v1::Reshape>(&node) || ov::is_type<v1::Transpose>(&node) ||
           ov::is_type<v0::Concat>(&node) || ov::is_type<v1::Split>(&node) ||
           ov::is_type<v1::VariadicSplit>(&node) || ov::is_type<v8::Slice>(&node) ||
           ov::is_type<v1::StridedSlice>(&node) || ov::is_type<v0::Unsqueeze>(&node) ||
           ov::is_type<v0::Squeeze>(&node) || ov::is_type<v3::Broadcast>(&node) ||
           ov::is_type<v0::Result>(&node);
}

using Records = std::vector<std::shared_ptr<ProbeRecord>>;

Records insert_probes(const std::shared_ptr<ov::Model>& model, const std::shared_ptr<const ProbeMode>& mode) {
    const NodeSet inside = inside_norms(*model);
    const NodeSet depending = depend_on_inputs(*model);
    Records records;
    for (const auto& node : model->get_ordered_ops()) {
        if (!depending.contains(node.get()) || inside.contains(node.get()) || only_moves(*node) ||
            node->get_output_size() != 1 || node->get_output_element_type(0) != ov::element::f32)
            continue;
        const auto targets = node->output(0).get_target_inputs();
        records.push_back(std::make_shared<ProbeRecord>());
        records.back()->node = describe_node(*node);
        const auto probe = std::make_shared<HalfProbe>(node->output(0), records.back(), mode);
        for (auto target : targets)
            target.replace_source_output(probe);
    }
    return records;
}

size_t best(const std::vector<float>& logits) {
    return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

double distance(const std::vector<float>& exact, const std::vector<float>& half) {
    double squared = 0;
    double difference = 0;
    for (size_t i = 0; i < exact.size(); ++i) {
        const double one = static_cast<double>(half[i]) - static_cast<double>(exact[i]);
        squared += static_cast<double>(exact[i]) * static_cast<double>(exact[i]);
        difference += one * one;
    }
    return squared > 0 ? std::sqrt(difference / squared) : 0;
}

}  // namespace

const NodeNumerics* NumericsReport::first_overflow() const {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.overflows; });
    return found == nodes.end() ? nullptr : &*found;
}

const NodeNumerics* NumericsReport::first_drift() const {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [](const auto& node) { return !(node.drift <= kLargestDrift); });
    return found == nodes.end() ? nullptr : &*found;
}

const NodeNumerics* NumericsReport::largest() const {
    const auto found = std::max_element(nodes.begin(), nodes.end(),
                                        [](const auto& a, const auto& b) { return a.largest < b.largest; });
    return found == nodes.end() ? nullptr : &*found;
}

size_t window_tokens(const ov::Model& model) {
    for (const auto& input : model.inputs()) {
        const auto& shape = input.get_partial_shape();
        if (shape.is_static() && shape.size() >= 2 &&
            (input.get_names().contains("input_ids") || input.get_names().contains("inputs_embeds")))
            return shape[1].get_length();
    }
    fail(ErrorCode::unsupported, "--numerics needs a static model with input_ids [1, N]; bake it first");
}

NumericsReport check_numerics(const std::shared_ptr<const ov::Model>& model,
                              const std::filesystem::path& model_xml,
                              const std::vector<std::vector<int64_t>>& prompts) {
    const size_t window = window_tokens(*model);
    const auto probed = model->clone();
    write_attention_out(probed);
    const auto mode = std::make_shared<ProbeMode>(ProbeMode::exact);
    const Records records = insert_probes(probed, mode);
    CpuReference reference(probed, model_xml);
    NumericsReport report;
    for (const auto& prompt : prompts) {
        *mode = ProbeMode::exact;
        const auto exact = reference.next_logits(prompt, window);
        *mode = ProbeMode::half;
        const auto half = reference.next_logits(prompt, window);
        ++report.prompts;
        report.same_token += best(exact) == best(half);
        const double drift = distance(exact, half);
        if (!(drift <= report.logits_drift)) report.logits_drift = drift;
    }
    for (const auto& record : records)
        report.nodes.push_back({record->node, record->largest, record->drift, record->overflows});
    return report;
}

Json to_json(const NumericsReport& report) {
    const auto entry = [](const NodeNumerics* node) -> Json {
        if (node == nullptr) return nullptr;
        return {{"node", node->node}, {"largest", node->largest}, {"drift", node->drift}};
    };
    return {{"prompts", report.prompts},
            {"same_token", report.same_token},
            {"logits_drift", report.logits_drift},
            {"first_overflow", entry(report.first_overflow())},
            {"first_drift", entry(report.first_drift())},
            {"largest", entry(report.largest())}};
}

}  // namespace ovenbird
