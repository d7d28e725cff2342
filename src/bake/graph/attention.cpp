#include <cmath>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/kv_cache.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

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

// Of what is projected, the queries [batch, sequence, heads, size], and where the projection gives each head
// a gate behind its query its sigmoid, [batch, sequence, heads * size].
std::pair<Value, Value> queries_and_gate(const Value& all, const ModelConfig& config) {
    if (!config.output_gate) return {split_heads(all, config.heads, config.head_size), {}};
    const auto parts =
        std::make_shared<v1::Split>(split_heads(all, config.heads, 2 * config.head_size), integer(3), 2);
    const auto gates = reshape(parts->output(1), {0, 0, config.heads * config.head_size});
    return {parts->output(0), std::make_shared<v0::Sigmoid>(gates)};
}

// What the scores are multiplied by. The rope's attention factor is here, squared, and not in its tables:
// both queries and keys would carry it, and a number that is there already costs nothing. Where a part of
// each head is turned, only that part has it, and the tables do.
float score_scale(const ModelConfig& config, const LayerConfig& layer) {
    const double usual = 1.0 / std::sqrt(static_cast<double>(config.head_size));
    const RopeConfig& rope = layer.local_rope && config.local_rope ? *config.local_rope : config.rope;
    const double factor = layer.rotary && rope.rotary_size == 0 ? rope.attention_factor : 1.0;
    return static_cast<float>(config.attention_multiplier.value_or(usual) * factor * factor);
}

const RopeTables& tables_of(const LayerConfig& layer, const LayerContext& context) {
    if (!layer.rotary) return context.no_rope;
    return layer.local_rope ? context.local_rope : context.rope;
}

// Attention with a cap on its scores, which no single operation has: softmax(cap tanh(q kᵀ scale / cap) +
// mask) v. The queries of a key head are its rows, so that keys and values are not copied.
Value capped_attention(const Value& query, const Value& keys, const Value& values, const Value& mask,
                       float scale, const ModelConfig& config) {
    const auto cap = static_cast<float>(config.attention_softcap);
    const bool grouped = config.heads != config.kv_heads;
    const auto with_heads = [&](const Value& x, int64_t heads, int64_t size) {
        return grouped ? reshape(x, {0, heads, -1, size}) : x;
    };
    const auto rows = with_heads(scaled(query, scale / cap), config.kv_heads, config.head_size);
    const auto products = std::make_shared<v0::MatMul>(rows, keys, false, true);
    const auto scores = with_heads(capped(products, cap), config.heads, 0);
    const auto shares = std::make_shared<v8::Softmax>(std::make_shared<v1::Add>(scores, mask), -1);
    const auto mixed = std::make_shared<v0::MatMul>(with_heads(shares, config.kv_heads, 0), values);
    return with_heads(mixed, config.heads, config.head_size);
}

// The same without a cap. Keys and values are copied for the queries that share them as is usual, which the
// CPU device's attention over states never does; static forms fold the queries instead.
Value plain_attention(const Value& query, const Value& keys, const Value& values, const Value& mask,
                      float scale, const ModelConfig& config) {
    const int64_t groups = config.heads / config.kv_heads;
    const auto copied = [&](const Value& x) { return groups > 1 ? repeat_heads(x, groups) : x; };
    const Value all_keys = copied(keys);
    const Value all_values = copied(values);
    const auto factor = v0::Constant::create(ov::element::f32, {}, {scale});
    return std::make_shared<v13::ScaledDotProductAttention>(query, all_keys, all_values, mask, factor, false);
}

// What one layer makes of the stream: `config` has its sizes.
class Attention {
public:
    Attention(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
              const LayerContext& context)
        : x_(x),
          config_(config),
          layer_(config.layers[static_cast<size_t>(layer)]),
          prefix_(layer_prefix(layer) + "self_attn."),
          tensors_(tensors),
          tables_(tables_of(layer_, context)),
          growth_(context.query_growth) {}

    /// The queries, and their gate.
    std::pair<Value, Value> queries() const {
        const auto [asked, gate] =
            queries_and_gate(norm(projected("q_proj"), "q_norm", config_.qk_norm_whole), config_);
        const Value query = turned(asked, "q_norm");
        if (!config_.query_growth) return {query, gate};
        return {std::make_shared<v1::Multiply>(query, growth_), gate};
    }
    std::pair<Value, Value> keys_and_values() const {
        const auto key = projected("k_proj");
        const auto value = layer_.keys_as_values ? key : projected("v_proj");
        const auto heads = [&](const Value& all) {
            return split_heads(all, config_.kv_heads, config_.head_size);
        };
        const auto keys = turned(heads(norm(key, "k_norm", config_.qk_norm_whole)), "k_norm");
        const auto values = config_.value_norm ? normed_value(heads(value)) : heads(value);
        return {keys, swap_heads_and_rows(values)};
    }

private:
    Value projected(const char* name) const {
        return projection(x_, prefix_ + name, config_.qkv_bias, tensors_);
    }
    Value norm(const Value& x, const std::string& name, bool here) const {
        if (!config_.qk_norm || !here) return x;
        return rms_norm(x, vector_constant(stored(tensors_, prefix_ + name + ".weight")), config_.norm_eps,
                        prefix_ + name);
    }
    Value normed_value(const Value& x) const {
        const auto one = v0::Constant::create(ov::element::f32, {}, {1.0F});
        return rms_norm(x, one, config_.norm_eps, prefix_ + "v_norm");
    }
    Value turned(const Value& x, const char* name) const {
        const Value before = norm(x, name, !config_.qk_norm_whole && !config_.qk_norm_behind_rope);
        const Value result = apply_rope(swap_heads_and_rows(before), tables_, config_.head_size);
        return norm(result, name, config_.qk_norm_behind_rope);
    }

    const Value& x_;
    const ModelConfig& config_;
    const LayerConfig& layer_;
    std::string prefix_;
    const StoredTensors& tensors_;
    const RopeTables& tables_;
    const Value& growth_;
};

// All that the layer attends to, its own or what an earlier one kept.
std::pair<Value, Value> kept_keys_and_values(const Attention& parts, const LayerConfig& own, int64_t layer,
                                             KvCache& cache) {
    const std::string kept = std::to_string(own.keys_of < 0 ? layer : own.keys_of);
    if (own.keys_of >= 0) return {cache.extended(kept + ".key"), cache.extended(kept + ".value")};
    const auto [keys, values] = parts.keys_and_values();
    const Value all_keys = cache.extend(kept + ".key", keys);
    return {all_keys, cache.extend(kept + ".value", values)};
}

}  // namespace

Value repeat_heads(const Value& x, int64_t groups) {
    const auto& heads = x.get_partial_shape();
    const auto apart = std::make_shared<v0::Unsqueeze>(x, integers({2}));
    const auto shape = std::make_shared<v3::ShapeOf>(x, ov::element::i64);
    const auto outer = std::make_shared<v8::Gather>(shape, integers({0, 1}), integers({0}));
    const auto inner = std::make_shared<v8::Gather>(shape, integers({2, 3}), integers({0}));
    const auto target = std::make_shared<v0::Concat>(ov::OutputVector{outer, integers({groups}), inner}, 0);
    const auto copies = std::make_shared<v3::Broadcast>(apart, target, ov::op::BroadcastType::BIDIRECTIONAL);
    return reshape(copies, {0, groups * heads[1].get_length(), -1, heads[3].get_length()});
}

Value attention(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
                const LayerContext& context, KvCache& cache) {
    const ModelConfig sized = config.of_layer(layer);
    const LayerConfig& own = sized.layers[static_cast<size_t>(layer)];
    const std::string prefix = layer_prefix(layer) + "self_attn.";
    const Attention parts(x, sized, layer, tensors, context);
    const auto [query, gate] = parts.queries();
    const auto [keys, values] = kept_keys_and_values(parts, own, layer, cache);
    const auto& mask = own.sliding_window > 0 ? context.sliding_mask : context.full_mask;
    const auto attended = sized.attention_softcap == 0 ? plain_attention : capped_attention;
    const auto mixed = attended(query, keys, values, mask, score_scale(sized, own), sized);
    mixed.get_node()->set_friendly_name(prefix + "sdpa");
    Value joined = reshape(swap_heads_and_rows(mixed), {0, 0, sized.heads * sized.head_size});
    if (sized.output_gate) joined = std::make_shared<v1::Multiply>(joined, gate);
    return projection(scaled(joined, context.residual_scale), prefix + "o_proj", sized.output_bias, tensors,
                      context.residual_scale);
}

}  // namespace ovenbird
