#include "bake/graph/decoder.hpp"

#include <algorithm>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

LayerContext shared_context(const ModelConfig& config, const StoredTensors& tensors,
                            const Value& attention_mask, const Value& position_ids, const KvCache& cache) {
    const float* factors = nullptr;
    if (config.rope.scaling == RopeConfig::Scaling::factors) {
        factors = reinterpret_cast<const float*>(stored(tensors, kRopeFactorsName).weights);
    }
    LayerContext context;
    context.rope = rope_tables(position_ids, inverse_frequencies(config.rope, config.head_size, factors));
    // Turning by angles of 0 keeps layers without rotary embedding the same graph as the others.
    const std::vector<float> no_turns(static_cast<size_t>(config.head_size / 2), 0.0F);
    const auto is_rotary = [](const LayerConfig& layer) { return layer.rotary; };
    if (!std::all_of(config.layers.begin(), config.layers.end(), is_rotary))
        context.no_rope = rope_tables(position_ids, no_turns);
    // Grouped queries are folded into rows, except over states (see attention()).
    const int64_t groups = cache.kind() == CacheKind::states ? 1 : config.heads / config.kv_heads;
    context.full_mask = attention_mask_bias(attention_mask, position_ids, cache, 0, groups);
    int64_t window = 0;
    for (const LayerConfig& layer : config.layers)
        window = std::max(window, layer.sliding_window);
    if (window > 0)
        context.sliding_mask = attention_mask_bias(attention_mask, position_ids, cache, window, groups);
    return context;
}

}  // namespace

std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         const GraphForm& form) {
    const bool fixed = form.cache == CacheKind::inputs;
    const ov::PartialShape fresh = fixed ? ov::PartialShape{1, form.tokens} : ov::PartialShape{-1, -1};
    const ov::PartialShape whole = fixed ? ov::PartialShape{1, form.past + form.tokens} : fresh;
    const auto input_ids = named_input("input_ids", ov::element::i64, fresh);
    const auto attention_mask = named_input("attention_mask", ov::element::i64, whole);
    const auto position_ids = named_input("position_ids", ov::element::i64, fresh);
    KvCache cache(form.cache, config, input_ids, form.past);
    auto context = shared_context(config, tensors, attention_mask, position_ids, cache);
    context.join = form.cache == CacheKind::states;
    const float stream_scale = 1.0F / static_cast<float>(form.activations_scale_factor);
    context.residual_scale = static_cast<float>(config.residual_multiplier) * stream_scale;
    const double eps = config.rms_norm_eps * stream_scale * stream_scale;

    const auto norm = [&](const Value& x, const std::string& name, double factor = 1.0) {
        const auto weight = vector_constant(stored(tensors, name + ".weight"));
        return rms_norm(x, scaled(weight, static_cast<float>(factor)), eps, name);
    };
    const auto& table = stored(tensors, kEmbeddingName);
    Value hidden = scaled(embedding_lookup(table, input_ids),
                          static_cast<float>(config.embedding_multiplier) * stream_scale);
    for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
        const std::string prefix = layer_prefix(layer);
        // Behind the last attention nothing mixes rows: what follows sees only those whose logits are given.
        const bool is_last = layer + 1 == config.layer_count();
        context.kept_rows = is_last && form.cache == CacheKind::states ? kStatefulLogitRows : 0;
        const auto attended =
            attention(norm(hidden, prefix + "input_layernorm"), config, layer, tensors, context, cache);
        hidden = last_rows(hidden, context.kept_rows);
        hidden = std::make_shared<v1::Add>(hidden, attended);
        const auto fed =
            mlp(norm(hidden, prefix + "post_attention_layernorm"), config, layer, tensors, context);
        hidden = std::make_shared<v1::Add>(hidden, fed);
    }
    // The divisor goes into the last norm's weights, which no tied table shares.
    const auto logits = linear(norm(hidden, "model.norm", 1.0 / config.logits_divisor),
                               config.tied_embeddings ? table : stored(tensors, kHeadName));
    const auto result = std::make_shared<v0::Result>(logits);
    result->set_friendly_name("logits");
    result->get_output_tensor(0).set_names({"logits"});
    ov::ResultVector results{result};
    results.insert(results.end(), cache.outputs().begin(), cache.outputs().end());
    ov::ParameterVector inputs{input_ids, attention_mask, position_ids};
    inputs.insert(inputs.end(), cache.inputs().begin(), cache.inputs().end());
    return std::make_shared<ov::Model>(results, cache.sinks(), inputs, "ovenbird");
}

}  // namespace ovenbird
