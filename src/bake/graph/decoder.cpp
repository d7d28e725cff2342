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

using namespace ov::op;

std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         int64_t activations_scale_factor) {
    const auto input_ids = named_input(kInputIds, ov::element::i64, {-1, -1});
    const auto attention_mask = named_input(kAttentionMask, ov::element::i64, {-1, -1});
    const auto position_ids = named_input(kPositionIds, ov::element::i64, {-1, -1});
    KvCache cache(input_ids);
    auto context = layer_context(config, tensors, attention_mask, position_ids, activations_scale_factor);
    const auto& table = stored(tensors, kEmbeddingName);
    Value hidden = scaled(embedding_lookup(table, input_ids), context.embedding_scale);
    if (config.layer_input.size > 0)
        context.layer_inputs = layer_inputs(input_ids, hidden, config, tensors, context);
    for (int64_t layer = 0; layer < config.layer_count(); ++layer)
        hidden = through_layer(hidden, config, layer, tensors, context, cache);
    const auto logits = head(hidden, config, tensors, context);
    const auto result = std::make_shared<v0::Result>(logits);
    result->set_friendly_name(kLogits);
    result->get_output_tensor(0).set_names({kLogits});
    const ov::ParameterVector inputs{input_ids, attention_mask, position_ids, cache.beam_idx()};
    auto model = std::make_shared<ov::Model>(ov::ResultVector{result}, cache.sinks(), inputs, "ovenbird");
    model->set_rt_info(sliding_windows_text(config), "ovenbird", kSlidingWindows);
    return model;
}

}  // namespace ovenbird
