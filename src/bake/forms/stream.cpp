#include "bake/forms/stream.hpp"

#include <algorithm>
#include <openvino/op/ops.hpp>

namespace ovenbird {
namespace {

using Value = ov::Output<ov::Node>;

NodeSet nodes_before(const ov::Node& end) {
    NodeSet found{&end};
    std::vector<const ov::Node*> open{&end};
    while (!open.empty()) {
        const ov::Node* node = open.back();
        open.pop_back();
        for (const auto& input : node->input_values())
            if (found.insert(input.get_node()).second) open.push_back(input.get_node());
    }
    return found;
}

// Values that wait for operations still to come, in an order in which inputs come first.
class OpenValues {
public:
    explicit OpenValues(const NodeSet& active) : active_(active) {}

    void pass(ov::Node& node) {
        for (const auto& input : node.input_values()) {
            const auto found = waiting_.find(input);
            if (found != waiting_.end() && --found->second == 0) waiting_.erase(found);
        }
        for (const auto& output : node.outputs()) {
            const auto targets = output.get_target_inputs();
            const auto count = std::count_if(targets.begin(), targets.end(), [&](const auto& target) {
                return active_.contains(target.get_node());
            });
            if (count > 0) waiting_[output] = count;
        }
    }

    size_t size() const { return waiting_.size(); }

private:
    const NodeSet& active_;
    std::map<Value, int64_t> waiting_;
};

// A residual connection: two branches of the stream, added. What has another size is no longer the stream: a
// head's product and its zero points, say.
bool joins_branches(const ov::Node& node, const Value& start, const NodeSet& active) {
    return ov::is_type<ov::op::v1::Add>(&node) &&
           node.get_output_partial_shape(0) == start.get_partial_shape() &&
           active.contains(node.get_input_node_ptr(0)) && active.contains(node.get_input_node_ptr(1));
}

std::vector<Value> stream_values(const ov::Model& model, const Value& start, const NodeSet& active) {
    std::vector<Value> values;
    OpenValues open(active);
    for (const auto& node : model.get_ordered_ops()) {
        if (!active.contains(node.get())) continue;
        open.pass(*node);
        if (open.size() != 1) continue;
        if (node.get() == start.get_node() || joins_branches(*node, start, active))
            values.push_back(node->output(0));
    }
    return values;
}

}  // namespace

NodeSet nodes_behind(const ov::Model& model, const NodeSet& starts) {
    NodeSet found = starts;
    for (const auto& node : model.get_ordered_ops()) {
        const auto inputs = node->input_values();
        const bool depends = std::any_of(inputs.begin(), inputs.end(), [&](const Value& input) {
            return found.contains(input.get_node());
        });
        if (depends) found.insert(node.get());
    }
    return found;
}

Stream find_stream(const ov::Model& model, const Value& start, const ov::Node& end) {
    const NodeSet behind = nodes_behind(model, {start.get_node()});
    const NodeSet before = nodes_before(end);
    NodeSet active;
    std::set_intersection(behind.begin(), behind.end(), before.begin(), before.end(),
                          std::inserter(active, active.end()));
    Stream stream;
    stream.values = stream_values(model, start, active);
    std::map<Value, size_t> index;
    for (size_t i = 0; i < stream.values.size(); ++i)
        index[stream.values[i]] = i;
    for (const auto& node : model.get_ordered_ops()) {
        if (!behind.contains(node.get())) continue;
        size_t segment = 0;
        for (const auto& input : node->input_values()) {
            const auto value = index.find(input);
            const auto inside = stream.segment.find(input.get_node());
            if (value != index.end()) {
                segment = std::max(segment, value->second);
            } else if (inside != stream.segment.end()) {
                segment = std::max(segment, inside->second);
            }
        }
        stream.segment[node.get()] = segment;
    }
    return stream;
}

}  // namespace ovenbird
