#pragma once
// How the decoder's graph keeps what it knows of earlier tokens: keys and values as states that grow, others
// as states of one size.

#include <map>
#include <openvino/core/model.hpp>
#include <openvino/op/util/variable.hpp>
#include <string>
#include <vector>

#include "bake/graph/layers.hpp"

namespace ovenbird {

/// Collects the states that a cache adds to a graph while its layers are built.
class KvCache {
public:
    /// `input_ids` (i64 [batch, tokens]) tells the batch.
    explicit KvCache(const Value& input_ids);

    /// None: what is fresh is all there is, and beam_idx() is null.
    KvCache() = default;

    /// `fresh` f32 [batch, kv_heads, tokens, head_size] behind what is kept under `name` ("0.key"):
    /// [batch, kv_heads, kept + tokens, head_size].
    Value extend(const std::string& name, const Value& fresh);

    /// What extend() gave for that name.
    Value extended(const std::string& name) const;

    /// The state `name` ("3.conv") before these tokens: f32 [batch, sizes…], zeros before the first one.
    Value take(const std::string& name, const std::vector<int64_t>& sizes);
    /// What the state that was taken is behind them.
    void give(const std::string& name, const Value& next);

    /// beam_idx: which sequence's state each row continues.
    const std::shared_ptr<ov::op::v0::Parameter>& beam_idx() const { return beam_idx_; }
    const ov::SinkVector& sinks() const { return sinks_; }

private:
    Value batch_;                                         // i64 [1]
    std::map<std::pair<int64_t, int64_t>, Value> empty_;  // by heads and their size: states of no tokens
    std::map<std::string, Value> extended_;
    std::shared_ptr<ov::op::v0::Parameter> beam_idx_;
    ov::SinkVector sinks_;
    std::map<std::string, std::shared_ptr<ov::op::util::Variable>> taken_;
};

}  // namespace ovenbird
