#include <fmt/format.h>

#include <algorithm>
#include <openvino/op/ops.hpp>
#include <optional>
#include <set>

#include "bake/forms/block.hpp"
#include "bake/forms/fold_layers.hpp"
#include "bake/forms/stream.hpp"
#include "base/error.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// The input or output of that name, or nothing.
template <typename Ports>
std::optional<Value> named(const Ports& ports, const std::string& name) {
    for (const auto& port : ports)
        if (port.get_names().contains(name)) return port;
    return std::nullopt;
}

Value required(const std::optional<Value>& port, const char* what) {
    if (port) return *port;
    fail(ErrorCode::unsupported, "the layers cannot be folded: the graph has no {}", what);
}

bool is_attention(const ov::Node* node) {
    return ov::is_type<v13::ScaledDotProductAttention>(node) || ov::is_type<v1::Softmax>(node) ||
           ov::is_type<v8::Softmax>(node);
}

// A layer without attention has a state of another kind.
bool reads_state(const ov::Node& node) {
    const auto inputs = node.input_values();
    return std::any_of(inputs.begin(), inputs.end(), [](const Value& input) {
        const auto& names = input.get_names();
        return ov::is_type<v0::Parameter>(input.get_node()) &&
               std::any_of(names.begin(), names.end(), [](const auto& name) { return is_whole_state(name); });
    });
}

class Folder {
public:
    Folder(const std::shared_ptr<ov::Model>& model, int64_t head_rows)
        : model_(model),
          logits_(required(named(model->outputs(), kLogits), "output logits").get_node_shared_ptr()),
          stream_(find_stream(*model, required(named(model->inputs(), kInputsEmbeds), "input inputs_embeds"),
                              *logits_)),
          head_rows_(head_rows) {
        NodeSet inputs;
        NodeSet pasts;
        for (const auto& parameter : model->get_parameters()) {
            if (is_past(parameter->output(0))) pasts.insert(parameter.get());
            inputs.insert(parameter.get());
        }
        of_inputs_ = nodes_behind(*model, inputs);
        of_pasts_ = nodes_behind(*model, pasts);
    }

    FoldedModel fold() {
        const auto starts = layer_starts();
        for (size_t i = 0; i + 1 < starts.size(); ++i)
            add_layer(starts[i], starts[i + 1]);
        add_head();
        add_before();
        return std::move(folded_);
    }

private:
    static bool is_past(const Value& value) {
        const auto& names = value.get_names();
        return std::any_of(names.begin(), names.end(),
                           [](const auto& name) { return name.starts_with(kPast); });
    }

    // A value that is the same for all layers: it depends on inputs, but neither on tokens nor on a cache.
    bool is_shared(const Value& value) const {
        const auto* node = value.get_node();
        return of_inputs_.contains(node) && !of_pasts_.contains(node) && !stream_.segment.contains(node) &&
               node != stream_.values.front().get_node();
    }

    // Which values of the stream begin a layer, and the last one behind it, where the head begins.
    std::vector<size_t> layer_starts() const {
        std::set<size_t> attends;
        for (const auto& [node, segment] : stream_.segment)
            if (is_attention(node) || reads_state(*node)) attends.insert(segment);
        const size_t last = stream_.values.size() - 1;
        if (!attends.contains(0) || attends.contains(last)) {
            fail(ErrorCode::unsupported,
                 "the layers cannot be folded: no residual stream leads from layer to layer in this graph");
        }
        std::vector<size_t> starts(attends.begin(), attends.end());
        starts.push_back(last);
        return starts;
    }

    std::string shared_name(const Value& value) {
        const auto found = std::find(shared_.begin(), shared_.end(), value);
        if (found == shared_.end()) shared_.push_back(value);
        return fmt::format("shared.{}", std::find(shared_.begin(), shared_.end(), value) - shared_.begin());
    }

    void add_layer(size_t begin, size_t end) {
        LayerUse use;
        // Inputs are numbered in the order in which this layer meets them, whatever other layers share.
        const auto number = [](auto& list, const std::string& what) {
            const auto at = std::find(list.begin(), list.end(), what) - list.begin();
            if (at == static_cast<std::ptrdiff_t>(list.size())) list.push_back(what);
            return at;
        };
        Block block(
            [&](const Value& value) -> std::string {
                if (value == stream_.values[begin]) return "hidden";
                if (is_past(value))
                    return fmt::format("past.{}",
                                       number(use.caches, value.get_any_name().substr(kPast.size())));
                if (is_shared(value)) return fmt::format("shared.{}", number(use.shared, shared_name(value)));
                return "";
            },
            true);
        block.add_result(stream_.values[end], "next_hidden");
        for (size_t i = 0; i < use.caches.size(); ++i) {
            const auto present =
                required(named(model_->outputs(), fmt::format("{}{}", kPresent, use.caches[i])),
                         "output present.* for each past_key_values.*");
            block.add_result(present.get_node()->input_value(0), fmt::format("present.{}", i));
        }
        use.weights = uses(block);
        use.kind = kind_of(block.model());
        folded_.layers.push_back(std::move(use));
    }

    static std::vector<WeightUse> uses(const Block& block) {
        std::vector<WeightUse> list;
        list.reserve(block.weights().size());
        for (size_t i = 0; i < block.weights().size(); ++i)
            list.push_back({fmt::format("weights.{}", i), block.weights()[i]});
        return list;
    }

    size_t kind_of(const std::shared_ptr<ov::Model>& block) {
        const std::string text = text_of(block);
        const auto found = std::find(texts_.begin(), texts_.end(), text);
        if (found != texts_.end()) return static_cast<size_t>(found - texts_.begin());
        texts_.push_back(text);
        folded_.kinds.push_back(block);
        return texts_.size() - 1;
    }

    void add_head() {
        const Value& begin = stream_.values.back();
        Block block(
            [&](const Value& value) -> std::string {
                if (value == begin) return "hidden";
                if (!is_shared(value) && !is_past(value)) return "";
                fail(ErrorCode::unsupported,
                     "the layers cannot be folded: the head reads more than the stream");
            },
            true);
        ov::Shape shape = begin.get_shape();
        shape[1] = static_cast<size_t>(head_rows_);
        block.override_shape("hidden", shape);
        block.add_result(logits_->input_value(0), kLogits);
        folded_.head_weights = uses(block);
        folded_.head = block.model();
    }

    void add_before() {
        Block block(
            [](const Value& value) -> std::string {
                return ov::is_type<v0::Parameter>(value.get_node()) ? value.get_any_name() : "";
            },
            false);
        for (size_t i = 0; i < shared_.size(); ++i)
            block.add_result(shared_[i], fmt::format("shared.{}", i));
        folded_.before = block.model();
    }

    std::shared_ptr<ov::Model> model_;
    std::shared_ptr<ov::Node> logits_;
    Stream stream_;
    int64_t head_rows_;
    NodeSet of_inputs_;
    NodeSet of_pasts_;
    std::vector<Value> shared_;  // what layers share, in the order in which the first one meets it
    std::vector<std::string> texts_;
    FoldedModel folded_;
};

}  // namespace

FoldedModel fold_layers(const std::shared_ptr<ov::Model>& model, int64_t head_rows) {
    return Folder(model, head_rows).fold();
}

}  // namespace ovenbird
