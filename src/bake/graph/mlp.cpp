#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {

using namespace ov::op;

Value activated(const Value& x, Activation activation) {
    if (activation == Activation::silu) return std::make_shared<v4::Swish>(x);
    if (activation == Activation::relu_squared) {
        const auto positive = std::make_shared<v0::Relu>(x);
        return std::make_shared<v1::Multiply>(positive, positive);
    }
    const auto mode = activation == Activation::gelu ? ov::op::GeluApproximationMode::ERF
                                                     : ov::op::GeluApproximationMode::TANH;
    return std::make_shared<v7::Gelu>(x, mode);
}

namespace {

// Without a gate; times `scale`, before what may grow beyond f16.
Value activated_alone(const Value& x, Activation activation, float scale) {
    if (activation != Activation::relu_squared) return scaled(activated(x, activation), scale);
    const auto positive = std::make_shared<v0::Relu>(x);
    return std::make_shared<v1::Multiply>(positive, scaled(positive, scale));
}

}  // namespace

Value mlp(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
          const LayerContext& context) {
    const std::string prefix = layer_prefix(layer) + "mlp.";
    const auto of_module = [&](const char* name) {
        return projection(x, prefix + name, config.mlp_bias, tensors);
    };
    Value read;
    if (config.gated) {
        const auto gate = activated(of_module("gate_proj"), config.activation);
        // Scaled before the product with the gate, whose result is what grows beyond f16.
        read = std::make_shared<v1::Multiply>(gate, scaled(of_module("up_proj"), context.residual_scale));
    } else {
        read = activated_alone(of_module("up_proj"), config.activation, context.residual_scale);
    }
    return projection(read, prefix + "down_proj", config.mlp_bias, tensors, context.residual_scale);
}

}  // namespace ovenbird
