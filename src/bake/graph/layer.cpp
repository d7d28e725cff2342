#include <algorithm>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"
#include "bake/graph/mask.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

Value normed(const Value& x, const std::string& name, const ModelConfig& config, const StoredTensors& tensors,
             const LayerContext& context, double factor = 1.0) {
    const auto vector = [&](const char* kind) {
        return scaled(vector_constant(stored(tensors, name + kind)), static_cast<float>(factor));
    };
    const auto norm = config.norm == NormKind::layer ? layer_norm : rms_norm;
    const auto result = norm(x, vector(".weight"), context.norm_eps, name);
    return config.norm_bias ? std::make_shared<v1::Add>(result, vector(".bias"))->output(0) : result;
}

// What a layer half reads of the stream. A norm does not see that the stream is divided; where there is none
// the stream comes back to its size.
Value normed_before(const Value& hidden, const std::string& name, const ModelConfig& config,
                    const StoredTensors& tensors, const LayerContext& context) {
    return config.norms_before ? normed(hidden, name, config, tensors, context)
                               : scaled(hidden, context.stream_factor);
}

Value before_attention(const Value& hidden, const ModelConfig& config, int64_t layer,
                       const StoredTensors& tensors, const LayerContext& context) {
    return normed_before(hidden, layer_prefix(layer) + "input_layernorm", config, tensors, context);
}

// What a layer half adds to the stream, through a norm of its own where the model has one. It comes divided
// as the stream is (context.residual_scale), so that the stream's epsilon is right for it too.
Value normed_behind(const Value& x, const std::string& name, const ModelConfig& config,
                    const StoredTensors& tensors, const LayerContext& context) {
    return config.norms_behind ? normed(x, name, config, tensors, context, context.residual_scale) : x;
}

Value mixed(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
            const LayerContext& context, KvCache& cache) {
    switch (config.layers[static_cast<size_t>(layer)].mixer) {
        case Mixer::attention:
            return attention(x, config, layer, tensors, context, cache);
        case Mixer::short_convolution:
            return short_convolution(x, config, layer, tensors, context, cache);
        case Mixer::delta_rule:
            return gated_delta_net(x, config, layer, tensors, context, cache);
    }
    return x;
}

Value attended(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
               const LayerContext& context, KvCache& cache) {
    const auto added = mixed(x, config, layer, tensors, context, cache);
    return normed_behind(added, layer_prefix(layer) + "post_attention_layernorm", config, tensors, context);
}

Value fed(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
          const LayerContext& context) {
    const auto added = mlp(x, config, layer, tensors, context);
    return normed_behind(added, layer_prefix(layer) + "post_feedforward_layernorm", config, tensors, context);
}

// The attention mask's end is that of the new tokens.
void add_real_tokens(LayerContext& context, const Value& attention_mask, const Value& position_ids) {
    const auto length_of = [](const Value& ids) {
        const auto shape = std::make_shared<v3::ShapeOf>(ids, ov::element::i64);
        return std::make_shared<v8::Gather>(shape, integers({1}), integer(0));
    };
    const auto length = length_of(attention_mask);
    const auto kept = std::make_shared<v1::Subtract>(length, length_of(position_ids));
    const auto real = std::make_shared<v8::Slice>(attention_mask, kept, length, integers({1}), integers({1}));
    const auto column = std::make_shared<v0::Unsqueeze>(real, integers({2}));
    context.real = std::make_shared<v0::Convert>(column, ov::element::f32);
    context.real_count = std::make_shared<v1::ReduceSum>(real, integers({1}), true);
}

// The stream behind the MLP: what a layer reads of the token is added, and its factor ends it.
Value behind_mlp(const Value& stream, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
                 const LayerContext& context) {
    Value hidden = stream;
    if (config.layer_input.size > 0)
        hidden = std::make_shared<v1::Add>(hidden, read_layer_input(hidden, config, layer, tensors, context));
    if (!config.layer_scalar) return hidden;
    const auto factor = vector_constant(stored(tensors, layer_prefix(layer) + kLayerScalar));
    return std::make_shared<v1::Multiply>(hidden, factor);
}

// Tables of rope, or of the model's local one, as large as the heads that they turn.
RopeTables tables_for(const ModelConfig& config, const RopeConfig& rope, bool local, const float* factors,
                      const Value& position_ids) {
    const int64_t size = config.turned_head_size(local);
    const double factor = local || rope.rotary_size == 0 ? 1.0 : rope.attention_factor;
    return rope_tables(position_ids, inverse_frequencies(rope, size, factors), size, factor);
}

}  // namespace

LayerContext layer_context(const ModelConfig& config, const StoredTensors& tensors,
                           const Value& attention_mask, const Value& position_ids,
                           int64_t activations_scale_factor) {
    const float* factors = nullptr;
    if (const char* name = rope_factors_name(config.rope))
        factors = reinterpret_cast<const float*>(stored(tensors, name).weights);
    LayerContext context;
    context.rope = tables_for(config, config.rope, false, factors, position_ids);
    // Turning by angles of 0 keeps layers without rotary embedding the same graph as the others.
    const std::vector<float> no_turns(static_cast<size_t>(config.rope.turned_of(config.head_size) / 2), 0.0F);
    const auto is_rotary = [](const LayerConfig& layer) { return layer.rotary; };
    if (!std::all_of(config.layers.begin(), config.layers.end(), is_rotary))
        context.no_rope = rope_tables(position_ids, no_turns, config.head_size);
    if (config.local_rope)
        context.local_rope = tables_for(config, *config.local_rope, true, nullptr, position_ids);
    if (config.query_growth) context.query_growth = query_growth(position_ids, *config.query_growth);
    context.full_mask = causal_mask(attention_mask, position_ids, 0);
    int64_t window = 0;
    for (const LayerConfig& layer : config.layers)
        window = std::max(window, layer.sliding_window);
    if (window > 0) context.sliding_mask = causal_mask(attention_mask, position_ids, window);
    if (!config.has_attention_only()) add_real_tokens(context, attention_mask, position_ids);
    const float stream_scale = 1.0F / static_cast<float>(activations_scale_factor);
    context.embedding_scale = static_cast<float>(config.embedding_multiplier) * stream_scale;
    context.residual_scale = static_cast<float>(config.residual_multiplier) * stream_scale;
    context.stream_factor = static_cast<float>(activations_scale_factor);
    context.norm_eps = config.norm_eps * stream_scale * stream_scale;
    return context;
}

Value attend(const Value& hidden, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
             const LayerContext& context, KvCache& cache) {
    const auto x = before_attention(hidden, config, layer, tensors, context);
    return attended(x, config, layer, tensors, context, cache);
}

Value feed(const Value& hidden, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
           const LayerContext& context) {
    const auto x = normed_before(hidden, mlp_norm(config, layer), config, tensors, context);
    return fed(x, config, layer, tensors, context);
}

Value through_layer(const Value& hidden, const ModelConfig& config, int64_t layer,
                    const StoredTensors& tensors, const LayerContext& context, KvCache& cache) {
    if (!config.parallel) {
        const auto between =
            std::make_shared<v1::Add>(hidden, attend(hidden, config, layer, tensors, context, cache));
        const auto fed = std::make_shared<v1::Add>(between, feed(between, config, layer, tensors, context));
        return behind_mlp(fed, config, layer, tensors, context);
    }
    const auto x = before_attention(hidden, config, layer, tensors, context);
    const auto between =
        std::make_shared<v1::Add>(hidden, attended(x, config, layer, tensors, context, cache));
    return std::make_shared<v1::Add>(between, fed(x, config, layer, tensors, context));
}

Value head(const Value& hidden, const ModelConfig& config, const StoredTensors& tensors,
           const LayerContext& context) {
    // The divisors go into the last norm's weights, which no tied table shares.
    const double cap = config.logits_softcap;
    const double divisor = config.logits_divisor * (cap == 0 ? 1.0 : cap);
    Value x = normed(hidden, "model.norm", config, tensors, context, 1.0 / divisor);
    if (tensors.contains(kHeadMixName)) x = linear(x, stored(tensors, kHeadMixName));
    return capped(linear(x, stored(tensors, config.tied_embeddings ? kEmbeddingName : kHeadName)), cap);
}

}  // namespace ovenbird
