#include "bake/graph/decoder.hpp"

#include <algorithm>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/kv_cache.hpp"
#include "bake/graph/layers.hpp"
#include "bake/graph/mask.hpp"
#include "base/error.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

LayerContext shared_context(const ModelConfig& config, const StoredTensors& tensors,
                            const Value& attention_mask, const Value& position_ids) {
    const float* factors = nullptr;
    if (const char* name = rope_factors_name(config.rope))
        factors = reinterpret_cast<const float*>(stored(tensors, name).weights);
    LayerContext context;
    context.rope = rope_tables(position_ids, inverse_frequencies(config.rope, config.head_size, factors));
    // Turning by angles of 0 keeps layers without rotary embedding the same graph as the others.
    const std::vector<float> no_turns(static_cast<size_t>(config.head_size / 2), 0.0F);
    const auto is_rotary = [](const LayerConfig& layer) { return layer.rotary; };
    if (!std::all_of(config.layers.begin(), config.layers.end(), is_rotary))
        context.no_rope = rope_tables(position_ids, no_turns);
    context.full_mask = causal_mask(attention_mask, position_ids, 0);
    int64_t window = 0;
    for (const LayerConfig& layer : config.layers)
        window = std::max(window, layer.sliding_window);
    if (window > 0) context.sliding_mask = causal_mask(attention_mask, position_ids, window);
    return context;
}

}  // namespace

std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         int64_t activations_scale_factor) {
    const auto input_ids = named_input(kInputIds, ov::element::i64, {-1, -1});
    const auto attention_mask = named_input(kAttentionMask, ov::element::i64, {-1, -1});
    const auto position_ids = named_input(kPositionIds, ov::element::i64, {-1, -1});
    KvCache cache(config, input_ids);
    auto context = shared_context(config, tensors, attention_mask, position_ids);
    const float stream_scale = 1.0F / static_cast<float>(activations_scale_factor);
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
        const auto attended =
            attention(norm(hidden, prefix + "input_layernorm"), config, layer, tensors, context, cache);
        hidden = std::make_shared<v1::Add>(hidden, attended);
        const auto fed =
            mlp(norm(hidden, prefix + "post_attention_layernorm"), config, layer, tensors, context);
        hidden = std::make_shared<v1::Add>(hidden, fed);
    }
    // The divisor goes into the last norm's weights, which no tied table shares.
    const auto logits = linear(norm(hidden, "model.norm", 1.0 / config.logits_divisor),
                               config.tied_embeddings ? table : stored(tensors, kHeadName));
    const auto result = std::make_shared<v0::Result>(logits);
    result->set_friendly_name(kLogits);
    result->get_output_tensor(0).set_names({kLogits});
    const ov::ParameterVector inputs{input_ids, attention_mask, position_ids, cache.beam_idx()};
    auto model = std::make_shared<ov::Model>(ov::ResultVector{result}, cache.sinks(), inputs, "ovenbird");
    model->set_rt_info(sliding_windows_text(config), "ovenbird", kSlidingWindows);
    return model;
}

}  // namespace ovenbird
