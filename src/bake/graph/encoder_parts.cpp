#include "bake/graph/encoder_parts.hpp"

#include <cmath>
#include <openvino/op/ops.hpp>

namespace ovenbird {
namespace {

using namespace ov::op;

Value reshaped(const Value& x, const std::vector<int64_t>& pattern) {
    return std::make_shared<v1::Reshape>(x, integers(pattern), true);  // 0 keeps the axis
}

Value swapped(const Value& x) {
    return std::make_shared<v1::Transpose>(x, integers({0, 2, 1, 3}));
}

}  // namespace

Value moved_norm(const Value& x, const std::string& name, double eps, const StoredTensors& tensors) {
    const auto vector = [&](const char* kind) { return vector_constant(stored(tensors, name + kind)); };
    return std::make_shared<v1::Add>(layer_norm(x, vector(".weight"), eps, name), vector(".bias"));
}

Value split_heads(const Value& x, const ModelConfig& model) {
    return swapped(reshaped(x, {0, 0, model.heads, model.head_size}));
}

Value mixed_heads(const Value& queries, const Value& keys, const Value& values, const Value& mask,
                  const ModelConfig& model, const std::string& name) {
    const auto scale = v0::Constant::create(
        ov::element::f32, {}, {static_cast<float>(1.0 / std::sqrt(static_cast<double>(model.head_size)))});
    const auto mixed =
        std::make_shared<v13::ScaledDotProductAttention>(queries, keys, values, mask, scale, false);
    mixed->set_friendly_name(name + "/sdpa");
    return reshaped(swapped(mixed), {0, 0, model.hidden_size});
}

}  // namespace ovenbird
