#pragma once
// The residual stream of a decoder, and which part of the graph lies between two of its values.

#include <map>
#include <memory>
#include <openvino/core/model.hpp>
#include <set>
#include <vector>

namespace ovenbird {

using NodeSet = std::set<const ov::Node*>;

/// Nodes that depend on one of `starts`, these among them.
NodeSet nodes_behind(const ov::Model& model, const NodeSet& starts);

struct Stream {
    /// What goes into the first layer, then every sum that all later computation passes through.
    std::vector<ov::Output<ov::Node>> values;
    /// For every node that depends on the stream: the index of the latest value before it.
    std::map<const ov::Node*, size_t> segment;
};

/// Follows the stream from `start` to the result `end`.
Stream find_stream(const ov::Model& model, const ov::Output<ov::Node>& start, const ov::Node& end);

}  // namespace ovenbird
