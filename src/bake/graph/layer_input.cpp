#include <cmath>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

Value reshaped(const Value& x, const std::vector<int64_t>& pattern) {
    return std::make_shared<v1::Reshape>(x, integers(pattern), true);  // 0 keeps the axis
}

float root(int64_t size) {
    return std::sqrt(static_cast<float>(size));
}

}  // namespace

Value layer_inputs(const Value& input_ids, const Value& embedded, const ModelConfig& config,
                   const StoredTensors& tensors, const LayerContext& context) {
    const int64_t size = config.layer_input.size;
    const int64_t layers = config.layer_count();
    // The halves of the sum are alike in size, and are added so that their squares' mean stays.
    const float half = std::sqrt(0.5F);
    const auto looked_up =
        scaled(embedding_lookup(stored(tensors, kLayerTableName), input_ids), root(size) * half);
    const auto projected =
        scaled(linear(embedded, stored(tensors, kLayerMixName)), 1 / root(config.hidden_size));
    const auto weight = scaled(vector_constant(stored(tensors, kLayerMixNormName)), half);
    const auto normed = rms_norm(reshaped(projected, {0, 0, layers, size}), weight, context.norm_eps,
                                 "model.per_layer_projection_norm");
    return std::make_shared<v1::Add>(reshaped(normed, {0, 0, layers * size}), looked_up);
}

Value read_layer_input(const Value& hidden, const ModelConfig& config, int64_t layer,
                       const StoredTensors& tensors, const LayerContext& context) {
    const std::string prefix = layer_prefix(layer);
    const int64_t size = config.layer_input.size;
    const auto own =
        std::make_shared<v8::Slice>(context.layer_inputs, integers({layer * size}),
                                    integers({(layer + 1) * size}), integers({1}), integers({2}));
    const auto gate =
        linear(scaled(hidden, context.stream_factor), stored(tensors, prefix + kLayerGate + ".weight"));
    const auto read = std::make_shared<v1::Multiply>(activated(gate, config.activation),
                                                     scaled(own, context.residual_scale));
    const auto added = linear(read, stored(tensors, prefix + kLayerProjection + ".weight"));
    const auto weight = vector_constant(stored(tensors, prefix + kLayerNorm + ".weight"));
    return rms_norm(added, scaled(weight, context.residual_scale), context.norm_eps, prefix + kLayerNorm);
}

}  // namespace ovenbird
