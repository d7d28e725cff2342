#include <map>
#include <openvino/op/ops.hpp>
#include <set>

#include "bake/forms/capped_attention.hpp"
#include "bake/forms/passes.hpp"
#include "bake/graph/mask.hpp"
#include "base/error.hpp"
#include "model/config.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

std::vector<int64_t> windows_of(const ov::Model& model) {
    if (!model.has_rt_info("ovenbird", kSlidingWindows)) return {};
    return read_sliding_windows(model.get_rt_info<std::string>("ovenbird", kSlidingWindows));
}

// The layer whose keys these are, by the name of the input or state that they come from; -1 where they come
// from none.
int64_t layer_of(const Value& keys) {
    std::set<const ov::Node*> seen;
    std::vector<Value> open{keys};
    while (!open.empty()) {
        const auto* node = open.back().get_node();
        open.pop_back();
        if (!seen.insert(node).second || ov::is_type<v0::MatMul>(node)) continue;
        std::string name;
        if (const auto* read = dynamic_cast<const util::VariableExtension*>(node))
            name = read->get_variable_id();
        else if (ov::is_type<v0::Parameter>(node))
            name = node->get_friendly_name();
        if (name.starts_with(kPast)) return std::stoll(name.substr(kPast.size()));
        for (const auto& input : node->input_values())
            open.push_back(input);
    }
    return -1;
}

// Layers with the same window share a mask.
class Masks {
public:
    Masks(ov::Model& model, bool of_static_cache)
        : ids_(model.input(kAttentionMask)),
          positions_(model.input(kPositionIds)),
          windows_(windows_of(model)),
          of_static_cache_(of_static_cache) {}

    Value of(const Value& keys) {
        const int64_t layer = layer_of(keys);
        const bool listed = layer >= 0 && static_cast<size_t>(layer) < windows_.size();
        const int64_t window = listed ? windows_[static_cast<size_t>(layer)] : 0;
        auto& mask = masks_[window];
        if (mask.get_node() == nullptr)
            mask = of_static_cache_ ? static_cache_mask(ids_, positions_, window)
                                    : causal_mask(ids_, positions_, window);
        return mask;
    }

private:
    Value ids_;
    Value positions_;
    std::vector<int64_t> windows_;
    bool of_static_cache_;
    std::map<int64_t, Value> masks_;
};

}  // namespace

void set_masks(const std::shared_ptr<ov::Model>& model, bool of_static_cache) {
    Masks masks(*model, of_static_cache);
    for (const auto& node : model->get_ordered_ops()) {
        const auto attention = ov::as_type_ptr<v13::ScaledDotProductAttention>(node);
        if (attention == nullptr) continue;
        auto inputs = attention->input_values();
        inputs.resize(std::max<size_t>(inputs.size(), 4));
        inputs[3] = masks.of(inputs[1]);
        const auto masked = std::make_shared<v13::ScaledDotProductAttention>(inputs, false);
        masked->set_friendly_name(attention->get_friendly_name());
        attention->output(0).replace(masked->output(0));
    }
    for (const auto& attention : capped_attentions(*model))
        attention.masked->input(1).replace_source_output(masks.of(attention.heads[1]));
}

}  // namespace ovenbird
