#include <cmath>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Constant> integers(const std::vector<int64_t>& values) {
    return v0::Constant::create(ov::element::i64, {values.size()}, values);
}

std::shared_ptr<v0::Constant> scalar(int64_t value) {
    return v0::Constant::create(ov::element::i64, {}, {value});
}

Value reshape(const Value& x, const std::vector<int64_t>& pattern) {
    return std::make_shared<v1::Reshape>(x, integers(pattern), true);  // 0 keeps the axis
}

Value swap_heads_and_rows(const Value& x) {
    return std::make_shared<v1::Transpose>(x, integers({0, 2, 1, 3}));
}

// [batch, sequence, heads * size] to [batch, sequence, heads, size].
Value split_heads(const Value& x, int64_t heads, int64_t size) {
    return reshape(x, {0, 0, heads, size});
}

}  // namespace

Value attention_mask_bias(const Value& attention_mask, int64_t window, int64_t groups) {
    const auto shape = std::make_shared<v3::ShapeOf>(attention_mask, ov::element::i64);
    const auto length = std::make_shared<v8::Gather>(shape, scalar(1), scalar(0));
    const auto indices = std::make_shared<v4::Range>(scalar(0), length, scalar(1), ov::element::i64);
    const auto keys = std::make_shared<v0::Unsqueeze>(indices, integers({0}));
    const auto queries = std::make_shared<v0::Unsqueeze>(indices, integers({1}));
    std::shared_ptr<ov::Node> seen = std::make_shared<v1::LessEqual>(keys, queries);
    if (window > 0) {
        const auto oldest = std::make_shared<v1::Subtract>(queries, scalar(window));
        seen = std::make_shared<v1::LogicalAnd>(seen, std::make_shared<v1::Greater>(keys, oldest));
    }
    const auto real = std::make_shared<v1::NotEqual>(attention_mask, scalar(0));
    const auto real_keys = std::make_shared<v0::Unsqueeze>(real, integers({1, 2}));
    const auto allowed = std::make_shared<v1::LogicalAnd>(real_keys, seen);
    const auto zero = v0::Constant::create(ov::element::f32, {}, {0.0F});
    const auto masked = v0::Constant::create(ov::element::f32, {}, {kMasked});
    const auto bias = std::make_shared<v1::Select>(allowed, zero, masked);
    bias->set_friendly_name(window > 0 ? "mask/sliding" : "mask/causal");
    if (groups == 1) return bias;
    return std::make_shared<v0::Concat>(ov::OutputVector(static_cast<size_t>(groups), bias), 2);
}

Value attention(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
                const AttentionContext& context) {
    const std::string prefix = layer_prefix(layer) + "self_attn.";
    auto query = split_heads(projection(x, prefix + "q_proj", config.qkv_bias, tensors), config.heads,
                             config.head_size);
    auto key = split_heads(projection(x, prefix + "k_proj", config.qkv_bias, tensors), config.kv_heads,
                           config.head_size);
    const auto value = swap_heads_and_rows(split_heads(
        projection(x, prefix + "v_proj", config.qkv_bias, tensors), config.kv_heads, config.head_size));
    if (config.qk_norm) {
        const auto norm = [&](const Value& heads, const char* name) {
            return rms_norm(heads, vector_constant(stored(tensors, prefix + name + ".weight")),
                            config.rms_norm_eps, prefix + name);
        };
        query = norm(query, "q_norm");
        key = norm(key, "k_norm");
    }
    query = apply_rope(swap_heads_and_rows(query), context.rope, config.head_size);
    key = apply_rope(swap_heads_and_rows(key), context.rope, config.head_size);

    // The queries that share a key head become more rows of that head: no copies of keys and values.
    const int64_t groups = config.heads / config.kv_heads;
    if (groups > 1) query = reshape(query, {0, config.kv_heads, -1, config.head_size});
    const bool slides = config.sliding_window[static_cast<size_t>(layer)] > 0;
    const auto& mask = slides ? context.sliding_mask : context.full_mask;
    const auto scale = v0::Constant::create(
        ov::element::f32, {}, {static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_size)))});
    Value mixed = std::make_shared<v13::ScaledDotProductAttention>(query, key, value, mask, scale, false);
    mixed.get_node()->set_friendly_name(prefix + "sdpa");
    if (groups > 1) mixed = reshape(mixed, {0, config.heads, -1, config.head_size});
    const auto joined = reshape(swap_heads_and_rows(mixed), {0, 0, config.heads * config.head_size});
    return projection(scaled(joined, context.residual_scale), prefix + "o_proj", config.output_bias, tensors,
                      context.residual_scale);
}

}  // namespace ovenbird
