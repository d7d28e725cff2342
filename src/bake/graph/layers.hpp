#pragma once
// The pieces of a llama-like decoder as OpenVINO subgraphs; each takes and returns f32.

#include <memory>
#include <openvino/core/node_output.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/parameter.hpp>
#include <string>
#include <vector>

#include "bake/graph/inventory.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "model/config.hpp"

namespace ovenbird {

using Value = ov::Output<ov::Node>;

/// A model input whose tensor and node have that name.
std::shared_ptr<ov::op::v0::Parameter> named_input(const std::string& name, const ov::element::Type& type,
                                                   const ov::PartialShape& shape);

/// i64 constants: [values], and a scalar.
std::shared_ptr<ov::op::v0::Constant> integers(const std::vector<int64_t>& values);
std::shared_ptr<ov::op::v0::Constant> integer(int64_t value);

/// Root-mean-square norm over the last axis (Zhang and Sennrich, 2019): x / sqrt(mean(x²) + eps) * weight.
Value rms_norm(const Value& x, const Value& weight, double eps, const std::string& name);

/// The norm that subtracts the mean first, without a bias.
Value layer_norm(const Value& x, const Value& weight, double eps, const std::string& name);

/// The rotary tables for position_ids (i64 [batch, sequence]): cosine and sine, f32 [batch, 1, sequence,
/// head_size].
struct RopeTables {
    Value cosine;
    Value sine;
    int64_t turned = 0;  // columns of a head that are turned; behind them cosines are 1 and sines 0
};
/// Inverse frequencies, half as many as columns of a head are turned, scaled as the config says; where
/// rope_factors_name() names a tensor, each is divided by its entry of `factors`.
std::vector<float> inverse_frequencies(const RopeConfig& rope, int64_t head_size, const float* factors);
/// `attention_factor`: of what is turned, where that is a part of each head.
RopeTables rope_tables(const Value& position_ids, const std::vector<float>& inverse_frequency,
                       int64_t head_size, double attention_factor = 1.0);
/// What queries are multiplied by: 1 + beta * ln(1 + floor(position / context)), [batch, 1, sequence, 1].
Value query_growth(const Value& position_ids, const QueryGrowth& growth);
/// Rotates x [batch, heads, sequence, head_size] (the halves of what is turned are paired, as in
/// transformers' rotate_half).
Value apply_rope(const Value& x, const RopeTables& tables, int64_t head_size);

/// What all layers share.
struct LayerContext {
    RopeTables rope;
    RopeTables no_rope;     // angles of 0, for layers without rotary embedding; null when there are none
    RopeTables local_rope;  // for layers with the model's local_rope; null when it has none
    Value query_growth;     // of the model's query_growth, [batch, 1, tokens, 1]; null when it has none
    Value full_mask;        // causal_mask() of all tokens
    Value sliding_mask;     // the same for the model's window; null when no layer slides
    Value layer_inputs;     // layer_inputs(); null where layers read none
    float embedding_scale = 1.0F;  // of what is looked up
    float residual_scale = 1.0F;   // what attention and MLP add to the stream is multiplied by it
    float stream_factor = 1.0F;    // of the stream, where attention and MLP read it without a norm
    double norm_eps = 0;           // of the norms of the stream
    // Of the new tokens, where a layer has a state that padding must not reach; else null.
    Value real;        // f32 [batch, tokens, 1]: 1, and 0 for padding
    Value real_count;  // i64 [batch, 1]
};
class KvCache;

/// The context for attention_mask and position_ids (i64 [batch, tokens]). `tensors`: those of the rotary
/// embedding, where rope_factors_name() names one. The stream is divided by `activations_scale_factor`.
LayerContext layer_context(const ModelConfig& config, const StoredTensors& tensors,
                           const Value& attention_mask, const Value& position_ids,
                           int64_t activations_scale_factor);

/// What a layer's two halves add to the residual stream, norms included: [batch, sequence, hidden] to the
/// same.
Value attend(const Value& hidden, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
             const LayerContext& context, KvCache& cache);
Value feed(const Value& hidden, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
           const LayerContext& context);

/// What the layers read of each token: f32 [batch, tokens, layers * size]. `embedded`: what was looked up, as
/// the stream begins.
Value layer_inputs(const Value& input_ids, const Value& embedded, const ModelConfig& config,
                   const StoredTensors& tensors, const LayerContext& context);
/// What a layer adds to the stream behind its MLP for what it reads of the token.
Value read_layer_input(const Value& hidden, const ModelConfig& config, int64_t layer,
                       const StoredTensors& tensors, const LayerContext& context);

/// The stream behind a layer.
Value through_layer(const Value& hidden, const ModelConfig& config, int64_t layer,
                    const StoredTensors& tensors, const LayerContext& context, KvCache& cache);

/// Logits [batch, sequence, vocab_size] of the stream behind the last layer. Where there is a kHeadMixName,
/// the last norm's result passes through it first.
Value head(const Value& hidden, const ModelConfig& config, const StoredTensors& tensors,
           const LayerContext& context);

/// [batch, kv_heads, rows, size] to [batch, groups * kv_heads, rows, size]: each key head `groups` times in a
/// row.
Value repeat_heads(const Value& x, int64_t groups);

/// Grouped-query attention of one layer: x [batch, sequence, hidden] to the same shape.
Value attention(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
                const LayerContext& context, KvCache& cache);

/// A convolution over the tokens of each channel by itself, which sees convolution_size - 1 tokens before
/// each: x [batch, tokens, channels] to the same. They are kept as a state of `layer`. `name`: of the
/// weights.
Value causal_convolution(const Value& x, const ModelConfig& config, int64_t layer, const std::string& name,
                         const StoredTensors& tensors, const LayerContext& context, KvCache& cache);

/// What mixes tokens in place of attention: x [batch, tokens, hidden] to the same. The first: a gate before a
/// convolution of few tokens, and one behind it (LFM2); the second: the gated delta rule (Qwen3.5).
Value short_convolution(const Value& x, const ModelConfig& config, int64_t layer,
                        const StoredTensors& tensors, const LayerContext& context, KvCache& cache);
Value gated_delta_net(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
                      const LayerContext& context, KvCache& cache);

/// For each token and head: S = exp(decay) S; S += rate k (v - Sᵀ k)ᵀ; answer = Sᵀ q / sqrt(key size)
/// (Yang et al., arXiv:2412.06464). Queries and keys [batch, tokens, heads, key size], values [batch, tokens,
/// heads, value size], decays and rates [batch, tokens, heads], the state S [batch, heads, key size, value
/// size]. A Loop of that name.
struct DeltaRuleResult {
    Value answers;  // [batch, tokens, heads, value size]
    Value state;    // behind the last token
};
DeltaRuleResult delta_rule(const Value& queries, const Value& keys, const Value& values, const Value& decays,
                           const Value& rates, const Value& state, const std::string& name);

Value activated(const Value& x, Activation activation);

/// Feed-forward, gated (Shazeer, 2020) or not: down(activation(gate(x)) * up(x)) or down(activation(up(x))),
/// times the context's residual_scale.
Value mlp(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
          const LayerContext& context);

/// A projection by name, with its bias (times bias_scale) where the checkpoint has one.
Value projection(const Value& x, const std::string& name, bool bias, const StoredTensors& tensors,
                 float bias_scale = 1.0F);

/// cap * tanh(x), for an x that is divided by the cap already; x itself for a cap of 0.
Value capped(const Value& x, double cap);

/// x times a factor; x itself for 1.
Value scaled(const Value& x, float factor);

/// The tensor, or an internal error: the plan has already checked that all are there.
const StoredTensor& stored(const StoredTensors& tensors, const std::string& name);

}  // namespace ovenbird
