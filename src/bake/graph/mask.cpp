#include <openvino/op/ops.hpp>

#include "bake/graph/kv_cache.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// Tokens of an i64 [batch, tokens] value.
Value tokens_of(const Value& value) {
    const auto shape = std::make_shared<v3::ShapeOf>(value, ov::element::i64);
    return std::make_shared<v8::Gather>(shape, integer(1), integer(0));
}

Value range(const Value& begin, const Value& end) {
    return std::make_shared<v4::Range>(begin, end, integer(1), ov::element::i64);
}

// The positions of keys and of queries, one axis each.
struct Positions {
    Value keys;
    Value queries;
};

Positions positions_of(const Value& attention_mask, const Value& position_ids, CacheKind kind, int64_t past) {
    if (kind == CacheKind::inputs) {
        // The cache's places are positions; the new tokens lie behind them, wherever their positions are.
        const auto row = std::make_shared<v1::Reshape>(position_ids, integers({-1}), false);
        const auto keys =
            std::make_shared<v0::Concat>(ov::OutputVector{range(integer(0), integer(past)), row}, 0);
        return {keys, row};
    }
    const Value length = tokens_of(attention_mask);
    const Value keys = range(integer(0), length);
    if (kind == CacheKind::none) return {keys, keys};
    const auto kept = std::make_shared<v1::Subtract>(length, tokens_of(position_ids));
    return {keys, range(kept, length)};
}

}  // namespace

Value attention_mask_bias(const Value& attention_mask, const Value& position_ids, const KvCache& cache,
                          int64_t window, int64_t groups) {
    const auto positions = positions_of(attention_mask, position_ids, cache.kind(), cache.past());
    const auto keys = std::make_shared<v0::Unsqueeze>(positions.keys, integers({0}));
    const auto queries = std::make_shared<v0::Unsqueeze>(positions.queries, integers({1}));
    std::shared_ptr<ov::Node> seen = std::make_shared<v1::LessEqual>(keys, queries);
    if (window > 0) {
        const auto oldest = std::make_shared<v1::Subtract>(queries, integer(window));
        seen = std::make_shared<v1::LogicalAnd>(seen, std::make_shared<v1::Greater>(keys, oldest));
    }
    const auto real = std::make_shared<v1::NotEqual>(attention_mask, integer(0));
    const auto real_keys = std::make_shared<v0::Unsqueeze>(real, integers({1, 2}));
    const auto allowed = std::make_shared<v1::LogicalAnd>(real_keys, seen);
    const auto zero = v0::Constant::create(ov::element::f32, {}, {0.0F});
    const auto masked = v0::Constant::create(ov::element::f32, {}, {kMasked});
    const auto bias = std::make_shared<v1::Select>(allowed, zero, masked);
    bias->set_friendly_name(window > 0 ? "mask/sliding" : "mask/causal");
    if (groups == 1) return bias;
    return std::make_shared<v0::Concat>(ov::OutputVector(static_cast<size_t>(groups), bias), 2);
}

}  // namespace ovenbird
