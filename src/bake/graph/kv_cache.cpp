#include "bake/graph/kv_cache.hpp"

#include <openvino/op/ops.hpp>
#include <openvino/op/util/variable.hpp>

#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr int64_t kTokensAxis = 2;

// f32 [batch, kv_heads, 0, head_size].
Value no_tokens(const Value& input_ids, int64_t kv_heads, int64_t head_size) {
    const auto shape = std::make_shared<v3::ShapeOf>(input_ids, ov::element::i64);
    const auto batch = std::make_shared<v8::Gather>(shape, integers({0}), integers({0}));
    const auto empty =
        std::make_shared<v0::Concat>(ov::OutputVector{batch, integers({kv_heads, 0, head_size})}, 0);
    return std::make_shared<v3::Broadcast>(v0::Constant::create(ov::element::f32, {}, {0.0F}), empty);
}

}  // namespace

KvCache::KvCache(const ModelConfig& config, const Value& input_ids)
    : kv_heads_(config.kv_heads),
      head_size_(config.head_size),
      empty_(no_tokens(input_ids, kv_heads_, head_size_)),
      beam_idx_(named_input(kBeamIdx, ov::element::i32, {-1})) {}

Value KvCache::extend(const std::string& name, const Value& fresh) {
    if (beam_idx_ == nullptr) return fresh;
    const auto variable = std::make_shared<util::Variable>(
        util::VariableInfo{{-1, kv_heads_, -1, head_size_}, ov::element::f32, std::string(kPast) + name});
    const auto kept = std::make_shared<v6::ReadValue>(empty_, variable);
    const auto chosen = std::make_shared<v8::Gather>(kept, beam_idx_, integer(0));
    const auto all = std::make_shared<v0::Concat>(ov::OutputVector{chosen, fresh}, kTokensAxis);
    sinks_.push_back(std::make_shared<v6::Assign>(all, variable));
    return all;
}

}  // namespace ovenbird
