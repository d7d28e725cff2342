#include "bake/graph/mask.hpp"

#include <numeric>
#include <openvino/op/ops.hpp>

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

// `seen`: [queries, keys], where a real key may be looked at.
std::shared_ptr<ov::Node> bias_of(const Value& attention_mask, const Value& seen) {
    const auto real = std::make_shared<v1::NotEqual>(attention_mask, integer(0));
    const auto real_keys = std::make_shared<v0::Unsqueeze>(real, integers({1, 2}));
    const auto allowed = std::make_shared<v1::LogicalAnd>(real_keys, seen);
    const auto zero = v0::Constant::create(ov::element::f32, {}, {0.0F});
    const auto masked = v0::Constant::create(ov::element::f32, {}, {kMasked});
    return std::make_shared<v1::Select>(allowed, zero, masked);
}

// `keys` and `queries`: i64 vectors, the position of each.
Value mask_of(const Value& attention_mask, const Value& keys, const Value& queries, int64_t window) {
    const auto key = std::make_shared<v0::Unsqueeze>(keys, integers({0}));
    const auto query = std::make_shared<v0::Unsqueeze>(queries, integers({1}));
    std::shared_ptr<ov::Node> seen = std::make_shared<v1::LessEqual>(key, query);
    if (window > 0) {
        const auto oldest = std::make_shared<v1::Subtract>(query, integer(window));
        seen = std::make_shared<v1::LogicalAnd>(seen, std::make_shared<v1::Greater>(key, oldest));
    }
    const auto bias = bias_of(attention_mask, seen);
    bias->set_friendly_name(window > 0 ? "mask/sliding" : "mask/causal");
    return bias;
}

}  // namespace

Value causal_mask(const Value& attention_mask, const Value& position_ids, int64_t window) {
    const Value length = tokens_of(attention_mask);
    const auto kept = std::make_shared<v1::Subtract>(length, tokens_of(position_ids));
    return mask_of(attention_mask, range(integer(0), length), range(kept, length), window);
}

Value two_way_mask(const Value& attention_mask, int64_t window) {
    constexpr int64_t kFar = int64_t{1} << 31;
    const Value places = range(integer(0), tokens_of(attention_mask));
    const auto key = std::make_shared<v0::Unsqueeze>(places, integers({0}));
    const auto query = std::make_shared<v0::Unsqueeze>(places, integers({1}));
    const auto distance = std::make_shared<v0::Abs>(std::make_shared<v1::Subtract>(query, key));
    const auto seen = std::make_shared<v1::Less>(distance, integer(window > 0 ? window : kFar));
    const auto bias = bias_of(attention_mask, seen);
    bias->set_friendly_name(window > 0 ? "mask/two_way_sliding" : "mask/two_way");
    return bias;
}

Value static_cache_mask(const Value& attention_mask, const Value& position_ids, int64_t window) {
    const size_t past = attention_mask.get_shape()[1] - position_ids.get_shape()[1];
    std::vector<int64_t> places(past);
    std::iota(places.begin(), places.end(), 0);
    const Value row = std::make_shared<v1::Reshape>(position_ids, integers({-1}), false);
    const Value keys = std::make_shared<v0::Concat>(ov::OutputVector{integers(places), row}, 0);
    return mask_of(attention_mask, past > 0 ? keys : row, row, window);
}

}  // namespace ovenbird
