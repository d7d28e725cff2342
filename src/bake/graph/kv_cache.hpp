#pragma once
// How a decoder's graph keeps the keys and values of earlier tokens.

#include <openvino/core/model.hpp>
#include <string>

#include "bake/graph/layers.hpp"

namespace ovenbird {

enum class CacheKind {
    none,    // every run sees the whole window
    states,  // inside the graph, as variables that grow: for devices that take dynamic shapes
    inputs,  // fixed inputs past_key_values.*, and the new tokens' as outputs present.*, which the host
             // places
};

/// Collects the inputs, outputs and variables that a cache adds to a graph while its layers are built.
class KvCache {
public:
    /// `input_ids` (i64 [batch, tokens]) tells the batch; `past` is the length of the inputs
    /// (CacheKind::inputs).
    KvCache(CacheKind kind, const ModelConfig& config, const Value& input_ids, int64_t past);

    /// `fresh` f32 [batch, kv_heads, tokens, head_size] behind what is kept under `name` ("0.key"):
    /// [batch, kv_heads, kept + tokens, head_size].
    Value extend(const std::string& name, const Value& fresh);

    CacheKind kind() const { return kind_; }
    int64_t past() const { return past_; }
    const ov::ParameterVector& inputs() const { return inputs_; }
    const ov::ResultVector& outputs() const { return outputs_; }
    const ov::SinkVector& sinks() const { return sinks_; }

private:
    Value extend_state(const std::string& name, const Value& fresh);
    Value extend_input(const std::string& name, const Value& fresh);

    CacheKind kind_;
    int64_t past_;
    int64_t kv_heads_;
    int64_t head_size_;
    Value empty_;     // a state's first value: no tokens
    Value beam_idx_;  // i32 [batch]: which sequence's state each row continues
    ov::ParameterVector inputs_;
    ov::ResultVector outputs_;
    ov::SinkVector sinks_;
};

}  // namespace ovenbird
