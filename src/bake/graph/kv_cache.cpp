#include "bake/graph/kv_cache.hpp"

#include <openvino/op/ops.hpp>

#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr int64_t kTokensAxis = 2;

Value batch_of(const Value& input_ids) {
    const auto shape = std::make_shared<v3::ShapeOf>(input_ids, ov::element::i64);
    return std::make_shared<v8::Gather>(shape, integers({0}), integers({0}));
}

// f32 [batch, sizes…].
Value zeros(const Value& batch, const std::vector<int64_t>& sizes) {
    const auto shape = std::make_shared<v0::Concat>(ov::OutputVector{batch, integers(sizes)}, 0);
    return std::make_shared<v3::Broadcast>(v0::Constant::create(ov::element::f32, {}, {0.0F}), shape);
}

}  // namespace

KvCache::KvCache(const Value& input_ids)
    : batch_(batch_of(input_ids)), beam_idx_(named_input(kBeamIdx, ov::element::i32, {-1})) {}

Value KvCache::extend(const std::string& name, const Value& fresh) {
    if (beam_idx_ == nullptr) return extended_[name] = fresh;
    const int64_t heads = fresh.get_partial_shape()[1].get_length();
    const int64_t size = fresh.get_partial_shape()[3].get_length();
    const auto variable = std::make_shared<util::Variable>(
        util::VariableInfo{{-1, heads, -1, size}, ov::element::f32, std::string(kPast) + name});
    auto& empty = empty_[{heads, size}];
    if (empty.get_node() == nullptr) empty = zeros(batch_, {heads, 0, size});
    const auto kept = std::make_shared<v6::ReadValue>(empty, variable);
    const auto chosen = std::make_shared<v8::Gather>(kept, beam_idx_, integer(0));
    const auto all = std::make_shared<v0::Concat>(ov::OutputVector{chosen, fresh}, kTokensAxis);
    sinks_.push_back(std::make_shared<v6::Assign>(all, variable));
    return extended_[name] = all;
}

Value KvCache::extended(const std::string& name) const {
    return extended_.at(name);
}

Value KvCache::take(const std::string& name, const std::vector<int64_t>& sizes) {
    if (beam_idx_ == nullptr) return zeros(integers({1}), sizes);
    ov::PartialShape shape{-1};
    shape.insert(shape.end(), sizes.begin(), sizes.end());
    const auto variable = std::make_shared<util::Variable>(
        util::VariableInfo{shape, ov::element::f32, std::string(kPast) + name});
    taken_[name] = variable;
    const auto kept = std::make_shared<v6::ReadValue>(zeros(batch_, sizes), variable);
    return std::make_shared<v8::Gather>(kept, beam_idx_, integer(0));
}

void KvCache::give(const std::string& name, const Value& next) {
    if (beam_idx_ != nullptr) sinks_.push_back(std::make_shared<v6::Assign>(next, taken_.at(name)));
}

}  // namespace ovenbird
