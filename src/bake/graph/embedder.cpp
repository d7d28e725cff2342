#include "bake/graph/embedder.hpp"

#include <openvino/op/ops.hpp>

#include "bake/graph/encoder.hpp"
#include "bake/graph/kv_cache.hpp"
#include "bake/graph/layers.hpp"
#include "bake/graph/mask.hpp"
#include "bake/graph/pooling.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// A decoder up to its last norm, without a cache.
Value decoder_rows(const Value& input_ids, const Value& attention_mask, const Value& position_ids,
                   const EmbedderBody& body, const StoredTensors& tensors, int64_t scale_factor) {
    const ModelConfig& model = body.model;
    auto context = layer_context(model, tensors, attention_mask, position_ids, scale_factor);
    if (body.two_way) {
        context.full_mask = two_way_mask(attention_mask, 0);
        for (const auto& layer : model.layers)
            if (layer.sliding_window > 0)
                context.sliding_mask = two_way_mask(attention_mask, layer.sliding_window);
    }
    KvCache cache;
    Value hidden =
        scaled(embedding_lookup(stored(tensors, kEmbeddingName), input_ids), context.embedding_scale);
    for (int64_t layer = 0; layer < model.layer_count(); ++layer) {
        hidden = std::make_shared<v1::Add>(hidden, attend(hidden, model, layer, tensors, context, cache));
        hidden = std::make_shared<v1::Add>(hidden, feed(hidden, model, layer, tensors, context));
    }
    return rms_norm(hidden, vector_constant(stored(tensors, kFinalNormName)), context.norm_eps, "model.norm");
}

}  // namespace

std::vector<RequiredTensor> embedder_tensors(const EmbedderBody& body, const EmbedderModules& modules) {
    auto list =
        body.kind == EmbedderBody::Kind::decoder ? required_tensors(body.model) : encoder_tensors(body);
    const auto more = dense_tensors(modules.dense);
    list.insert(list.end(), more.begin(), more.end());
    return list;
}

int64_t embedding_size(const EmbedderBody& body, const EmbedderModules& modules) {
    return modules.dense.empty() ? body.model.hidden_size : modules.dense.back().outputs;
}

std::shared_ptr<ov::Model> build_embedder(const EmbedderBody& body, const EmbedderModules& modules,
                                          const StoredTensors& tensors, int64_t activations_scale_factor) {
    const auto input_ids = named_input(kInputIds, ov::element::i64, {-1, -1});
    const auto attention_mask = named_input(kAttentionMask, ov::element::i64, {-1, -1});
    const auto position_ids = named_input(kPositionIds, ov::element::i64, {-1, -1});
    const Value rows =
        body.kind == EmbedderBody::Kind::decoder
            ? decoder_rows(input_ids, attention_mask, position_ids, body, tensors, activations_scale_factor)
            : encode(input_ids, position_ids, two_way_mask(attention_mask, 0), body, tensors);
    Value vector = pooled(rows, attention_mask, modules.pooling);
    for (const auto& layer : modules.dense)
        vector = dense(vector, layer, tensors);
    if (modules.normalize) vector = normalized(vector);
    const auto result = std::make_shared<v0::Result>(vector);
    result->set_friendly_name(kEmbeddingOutput);
    result->get_output_tensor(0).set_names({kEmbeddingOutput});
    const ov::ParameterVector inputs{input_ids, attention_mask, position_ids};
    return std::make_shared<ov::Model>(ov::ResultVector{result}, inputs, "ovenbird");
}

}  // namespace ovenbird
