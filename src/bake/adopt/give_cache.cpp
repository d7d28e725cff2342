#include <fmt/format.h>

#include <openvino/op/ops.hpp>
#include <openvino/op/util/read_value_base.hpp>
#include <optional>
#include <set>

#include "bake/adopt/adopt.hpp"
#include "bake/forms/passes.hpp"
#include "bake/graph/layers.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr int64_t kTokensAxis = 2;

std::shared_ptr<v0::Parameter> input_named(const std::shared_ptr<ov::Model>& model, const char* name) {
    for (const auto& parameter : model->get_parameters())
        if (parameter->output(0).get_names().contains(name)) return parameter;
    return nullptr;
}

std::shared_ptr<v0::Parameter> beam_idx_of(const std::shared_ptr<ov::Model>& model) {
    if (auto there = input_named(model, kBeamIdx)) return there;
    const auto beam = std::make_shared<v0::Parameter>(ov::element::i32, ov::PartialShape{-1});
    beam->set_friendly_name(kBeamIdx);
    beam->get_output_tensor(0).set_names({kBeamIdx});
    model->add_parameters({beam});
    return beam;
}

// Keys or values of one layer: what is kept, what is new behind it, and both together.
struct Kept {
    ov::Input<ov::Node> reader;  // of attention
    Value past;                  // no node where nothing was kept
    Value fresh;                 // [batch, heads, tokens, head size]
    Value all;
};

// What a value was before it was copied for the query heads that share it.
Value without_copies(Value value) {
    const auto* joined = value.get_node();
    if (!ov::is_type<v1::Reshape>(joined)) return value;
    const auto* copier = joined->get_input_node_ptr(0);
    if (!ov::is_type<util::BroadcastBase>(copier) && !ov::is_type<v0::Tile>(copier)) return value;
    const auto* apart = copier->get_input_node_ptr(0);
    if (!ov::is_type<v0::Unsqueeze>(apart) && !ov::is_type<v1::Reshape>(apart)) return value;
    return apart->input_value(0);
}

bool is_kept(const Value& value) {
    const auto* node = value.get_node();
    if (ov::is_type<v8::Gather>(node) || ov::is_type<v0::Convert>(node)) return is_kept(node->input_value(0));
    if (ov::is_type<util::ReadValueBase>(node)) return true;
    return ov::is_type<v0::Parameter>(node) && value.get_any_name().starts_with(kPast);
}

std::optional<Kept> kept_of(const ov::Input<ov::Node>& reader) {
    const Value all = without_copies(reader.get_source_output());
    const auto& shape = all.get_partial_shape();
    if (shape.rank() != ov::Rank(4) || shape[1].is_dynamic() || shape[3].is_dynamic()) return std::nullopt;
    const auto concat = ov::as_type_ptr<v0::Concat>(all.get_node_shared_ptr());
    const auto& read = reader.get_partial_shape();
    if (read.rank() != ov::Rank(4) || read[1].is_dynamic()) return std::nullopt;
    if (concat == nullptr || !is_kept(concat->input_value(0))) return Kept{reader, {}, all, all};
    const int64_t axis = concat->get_axis();
    if (concat->get_input_size() != 2 || (axis != kTokensAxis && axis != kTokensAxis - 4))
        return std::nullopt;
    return Kept{reader, concat->input_value(0), concat->input_value(1), all};
}

Value no_tokens(const Value& input_ids, const ov::PartialShape& shape, const ov::element::Type& type) {
    const auto of_ids = std::make_shared<v3::ShapeOf>(input_ids, ov::element::i64);
    const auto batch = std::make_shared<v8::Gather>(of_ids, integers({0}), integers({0}));
    const auto empty = std::make_shared<v0::Concat>(
        ov::OutputVector{batch, integers({shape[1].get_length(), 0, shape[3].get_length()})}, 0);
    return std::make_shared<v3::Broadcast>(v0::Constant::create(type, {}, {0.0F}), empty);
}

// Puts a state in the place of whatever kept these keys or values.
void keep_in_state(const std::shared_ptr<ov::Model>& model, const Kept& kept, const std::string& name) {
    const auto& shape = kept.all.get_partial_shape();
    const auto type = kept.fresh.get_element_type();
    const auto variable =
        std::make_shared<util::Variable>(util::VariableInfo{{-1, shape[1], -1, shape[3]}, type, name});
    const auto ids = input_named(model, kInputIds);
    const auto read = std::make_shared<v6::ReadValue>(no_tokens(ids, shape, type), variable);
    const auto chosen = std::make_shared<v8::Gather>(read, beam_idx_of(model),
                                                     v0::Constant::create(ov::element::i64, {}, {0}));
    const auto readers = kept.all.get_target_inputs();
    const auto all = std::make_shared<v0::Concat>(ov::OutputVector{chosen, kept.fresh}, kTokensAxis);
    for (auto reader : readers)
        reader.replace_source_output(all);
    // Without a cache, copies for query heads were made for the new tokens alone.
    const auto& copied = kept.reader.get_partial_shape();
    if (kept.past.get_node() == nullptr && kept.reader.get_source_output() != all->output(0)) {
        const int64_t groups = copied[1].get_length() / shape[1].get_length();
        auto reader = kept.reader;
        reader.replace_source_output(repeat_heads(all, groups));
    }
    // Lengths are asked of the old cache elsewhere too.
    for (Value old = kept.past; old.get_node() != nullptr;) {
        old.replace(chosen);
        const bool further =
            ov::is_type<v8::Gather>(old.get_node()) || ov::is_type<v0::Convert>(old.get_node());
        old = further ? old.get_node()->input_value(0) : Value{};
    }
    const auto assign = std::make_shared<v6::Assign>(all, variable);
    model->add_variables({variable});
    model->add_sinks({assign});
}

// Caches that were outputs have nowhere to go; inputs and states that nothing reads any more are dropped.
void drop_old_cache(const std::shared_ptr<ov::Model>& model, const ov::SinkVector& old_sinks,
                    const util::VariableVector& old_variables) {
    for (const auto& result : ov::ResultVector(model->get_results()))
        if (!result->output(0).get_names().contains(kLogits)) model->remove_result(result);
    for (const auto& sink : old_sinks)
        model->remove_sink(sink);
    for (const auto& variable : old_variables)
        model->remove_variable(variable);
    for (const auto& input : ov::ParameterVector(model->get_parameters())) {
        if (!input->output(0).get_target_inputs().empty() || input->output(0).get_names().empty()) continue;
        if (input->output(0).get_any_name().starts_with(kPast)) model->remove_parameter(input);
    }
}

}  // namespace

std::string give_cache(const std::shared_ptr<ov::Model>& model) {
    for (const char* name : {kInputIds, kAttentionMask, kPositionIds})
        if (input_named(model, name) == nullptr) return fmt::format("the IR has no input '{}'", name);
    std::vector<std::pair<std::string, Kept>> found;
    std::set<Value> seen;
    bool had_cache = false;
    int64_t layer = 0;
    for (const auto& node : model->get_ordered_ops()) {
        if (!ov::is_type<v13::ScaledDotProductAttention>(node)) continue;
        const auto keys = kept_of(node->input(1));
        const auto values = kept_of(node->input(2));
        if (!keys || !values)
            return fmt::format("the keys of '{}' are not [batch, heads, tokens, head size]",
                               node->get_friendly_name());
        if (!seen.insert(keys->all).second || !seen.insert(values->all).second)
            return fmt::format("the keys of '{}' are another layer's as well", node->get_friendly_name());
        had_cache = had_cache || keys->past.get_node() != nullptr;
        found.emplace_back(fmt::format("{}{}.key", kPast, layer), *keys);
        found.emplace_back(fmt::format("{}{}.value", kPast, layer++), *values);
    }
    if (found.empty()) return "no ScaledDotProductAttention was found in the IR";
    const auto old_sinks = model->get_sinks();
    const auto old_variables = model->get_variables();
    for (const auto& [name, kept] : found)
        keep_in_state(model, kept, name);
    drop_old_cache(model, old_sinks, old_variables);
    // A mask that was made for no cache sees none.
    if (!had_cache) set_masks(model, false);
    return "";
}

}  // namespace ovenbird
