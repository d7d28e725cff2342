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
    KvCache(const ModelConfig& config, const Value& input_ids);

    /// None: what is fresh is all there is, and beam_idx() is null.
    KvCache() = default;

    /// `fresh` f32 [batch, kv_heads, tokens, head_size] behind what is kept under `name` ("0.key"):
    /// [batch, kv_heads, kept + tokens, head_size].
    Value extend(const std::string& name, const Value& fresh);

    /// The state `name` ("3.conv") before these tokens: f32 [batch, sizes…], zeros before the first one.
    Value take(const std::string& name, const std::vector<int64_t>& sizes);
    /// What the state that was taken is behind them.
    void give(const std::string& name, const Value& next);

    /// beam_idx: which sequence's state each row continues.
    const std::shared_ptr<ov::op::v0::Parameter>& beam_idx() const { return beam_idx_; }
    const ov::SinkVector& sinks() const { return sinks_; }

private:
    Value batch_;  // i64 [1]
    int64_t kv_heads_ = 0;
    int64_t head_size_ = 0;
    Value empty_;  // a state's first value: no tokens
    std::shared_ptr<ov::op::v0::Parameter> beam_idx_;
    ov::SinkVector sinks_;
    std::map<std::string, std::shared_ptr<ov::op::util::Variable>> taken_;
};

}  // namespace ovenbird
