#include "bake/graph/decoder.hpp"

#include <fmt/ranges.h>

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
    if (config.rope.scaling == RopeConfig::Scaling::factors) {
        factors = reinterpret_cast<const float*>(stored(tensors, kRopeFactorsName).weights);
    }
    LayerContext context;
    context.rope = rope_tables(position_ids, inverse_frequencies(config.rope, config.head_size, factors));
    context.full_mask = causal_mask(attention_mask, position_ids, 0);
    const int64_t window = *std::max_element(config.sliding_window.begin(), config.sliding_window.end());
    if (window > 0)
        context.sliding_mask = causal_mask(attention_mask, position_ids, window);
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
    context.residual_scale = 1.0F / static_cast<float>(activations_scale_factor);
    const double eps = config.rms_norm_eps * context.residual_scale * context.residual_scale;

    const auto norm = [&](const Value& x, const std::string& name) {
        return rms_norm(x, vector_constant(stored(tensors, name + ".weight")), eps, name);
    };
    const auto& table = stored(tensors, kEmbeddingName);
    Value hidden = scaled(embedding_lookup(table, input_ids), context.residual_scale);
    for (int64_t layer = 0; layer < config.layers; ++layer) {
        const std::string prefix = layer_prefix(layer);
        const auto attended =
            attention(norm(hidden, prefix + "input_layernorm"), config, layer, tensors, context, cache);
        hidden = std::make_shared<v1::Add>(hidden, attended);
        const auto fed =
            mlp(norm(hidden, prefix + "post_attention_layernorm"), config, layer, tensors, context);
        hidden = std::make_shared<v1::Add>(hidden, fed);
    }
    const auto logits =
        linear(norm(hidden, "model.norm"), config.tied_embeddings ? table : stored(tensors, kHeadName));
    const auto result = std::make_shared<v0::Result>(logits);
    result->set_friendly_name(kLogits);
    result->get_output_tensor(0).set_names({kLogits});
    const ov::ParameterVector inputs{input_ids, attention_mask, position_ids, cache.beam_idx()};
    auto model = std::make_shared<ov::Model>(ov::ResultVector{result}, cache.sinks(), inputs, "ovenbird");
    model->set_rt_info(fmt::format("{}", fmt::join(config.sliding_window, " ")), "ovenbird", kSlidingWindows);
    return model;
}

}  // namespace ovenbird
