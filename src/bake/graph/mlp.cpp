#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {

using namespace ov::op;

Value mlp(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
          const LayerContext& context) {
    const std::string prefix = layer_prefix(layer) + "mlp.";
    const auto gate =
        std::make_shared<v4::Swish>(projection(x, prefix + "gate_proj", config.mlp_bias, tensors));
    // Scaled before the product with the gate, whose result is what grows beyond f16.
    const auto up =
        scaled(projection(x, prefix + "up_proj", config.mlp_bias, tensors), context.residual_scale);
    return projection(std::make_shared<v1::Multiply>(gate, up), prefix + "down_proj", config.mlp_bias,
                      tensors, context.residual_scale);
}

}  // namespace ovenbird
