#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {

using namespace ov::op;

namespace {

Value activated(const Value& x, Activation activation) {
    if (activation == Activation::silu) return std::make_shared<v4::Swish>(x);
    const auto mode = activation == Activation::gelu ? ov::op::GeluApproximationMode::ERF
                                                     : ov::op::GeluApproximationMode::TANH;
    return std::make_shared<v7::Gelu>(x, mode);
}

}  // namespace

Value mlp(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
          const LayerContext& context) {
    const std::string prefix = layer_prefix(layer) + "mlp.";
    const auto gate =
        activated(projection(x, prefix + "gate_proj", config.mlp_bias, tensors), config.activation);
    // Scaled before the product with the gate, whose result is what grows beyond f16.
    const auto up =
        scaled(projection(x, prefix + "up_proj", config.mlp_bias, tensors), context.residual_scale);
    return projection(std::make_shared<v1::Multiply>(gate, up), prefix + "down_proj", config.mlp_bias,
                      tensors, context.residual_scale);
}

}  // namespace ovenbird
