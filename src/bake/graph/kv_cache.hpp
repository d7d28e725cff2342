#pragma once
// How the decoder's graph keeps the keys and values of earlier tokens: as states that grow.

#include <openvino/core/model.hpp>
#include <string>

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

    /// beam_idx: which sequence's state each row continues.
    const std::shared_ptr<ov::op::v0::Parameter>& beam_idx() const { return beam_idx_; }
    const ov::SinkVector& sinks() const { return sinks_; }

private:
    int64_t kv_heads_ = 0;
    int64_t head_size_ = 0;
    Value empty_;  // a state's first value: no tokens
    std::shared_ptr<ov::op::v0::Parameter> beam_idx_;
    ov::SinkVector sinks_;
};

}  // namespace ovenbird
