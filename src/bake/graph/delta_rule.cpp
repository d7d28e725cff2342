#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/kv_cache.hpp"
#include "bake/graph/layers.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr float kLengthEps = 1e-6F;

Value number(float value) {
    return v0::Constant::create(ov::element::f32, {}, {value});
}

// [batch, tokens, heads * size] to [batch, tokens, heads, size].
Value split_heads(const Value& x, int64_t heads, int64_t size) {
    return std::make_shared<v1::Reshape>(x, integers({0, 0, heads, size}), true);
}

Value heads_first(const Value& x) {
    const bool has_columns = x.get_partial_shape().size() == 4;
    return std::make_shared<v1::Transpose>(x, has_columns ? integers({0, 2, 1, 3}) : integers({0, 2, 1}));
}

// Every row divided by its length.
Value unit_length(const Value& x) {
    const auto square = std::make_shared<v1::Multiply>(x, x);
    const auto sum = std::make_shared<v1::ReduceSum>(square, integers({-1}), true);
    const auto length = std::make_shared<v0::Sqrt>(std::make_shared<v1::Add>(sum, number(kLengthEps)));
    return std::make_shared<v1::Multiply>(x, std::make_shared<v1::Divide>(number(1.0F), length));
}

// A key head for each value head.
Value repeated(const Value& x, const DeltaRuleConfig& rule) {
    if (rule.key_heads == rule.value_heads) return x;
    std::vector<int64_t> order;
    order.reserve(static_cast<size_t>(rule.value_heads));
    for (int64_t head = 0; head < rule.value_heads; ++head)
        order.push_back(rule.tiled ? head % rule.key_heads : head / (rule.value_heads / rule.key_heads));
    return std::make_shared<v8::Gather>(x, integers(order), integer(2));
}

// x / sqrt(size of a head), the size asked of the shape as exporters write it.
Value scaled_queries(const Value& queries, const Value& heads_first_queries) {
    const auto shape = std::make_shared<v3::ShapeOf>(queries, ov::element::i64);
    const auto turned = std::make_shared<v8::Gather>(shape, integers({0, 2, 1, 3}), integer(0));
    const auto size = std::make_shared<v8::Gather>(turned, integer(3), integer(0));
    const auto root =
        std::make_shared<v1::Power>(std::make_shared<v0::Convert>(size, ov::element::f32), number(0.5F));
    return std::make_shared<v1::Divide>(heads_first_queries, root);
}

}  // namespace

// One token after the other. A runtime that knows the rule (OpenVINO's CPU and GPU devices from 2026.2 on)
// recognises it by exactly these operations; static forms write it out.
DeltaRuleResult delta_rule(const Value& queries, const Value& keys, const Value& values, const Value& decays,
                           const Value& rates, const Value& state, const std::string& name) {
    const auto parameter = [](const ov::PartialShape& shape) {
        return std::make_shared<v0::Parameter>(ov::element::f32, shape);
    };
    const auto last = v0::Constant::create(ov::element::i32, {1}, {-1});
    const auto last_but_one = v0::Constant::create(ov::element::i32, {1}, {-2});
    const auto tokens = v0::Constant::create(ov::element::i32, {}, {2});
    const auto yes = v0::Constant::create(ov::element::boolean, {1}, {true});

    const auto step = std::make_shared<v0::Parameter>(ov::element::i32, ov::PartialShape{});
    const auto query = parameter({-1, -1, 1, -1});
    const auto key = parameter({-1, -1, 1, -1});
    const auto value = parameter({-1, -1, 1, -1});
    const auto decay = parameter({-1, -1, 1});
    const auto rate = parameter({-1, -1, 1});
    const auto held = parameter({-1, -1, -1, -1});
    const auto answers = parameter({-1, -1, -1, -1});

    const auto column_of = [&](const Value& row) {
        return std::make_shared<v0::Unsqueeze>(std::make_shared<v0::Squeeze>(row, tokens), last);
    };
    const auto sum_over_keys = [&](const Value& x, bool keeps) {
        return std::make_shared<v1::ReduceSum>(x, last_but_one, keeps);
    };
    const auto factor = std::make_shared<v0::Unsqueeze>(std::make_shared<v0::Exp>(decay), last);
    const auto faded = std::make_shared<v1::Multiply>(held, factor);
    const auto key_column = column_of(key);
    const auto known = sum_over_keys(std::make_shared<v1::Multiply>(faded, key_column), false);
    const auto news = std::make_shared<v1::Subtract>(std::make_shared<v0::Squeeze>(value, tokens), known);
    const auto learnt = std::make_shared<v1::Multiply>(news, rate);
    const auto change =
        std::make_shared<v1::Multiply>(key_column, std::make_shared<v0::Unsqueeze>(learnt, last_but_one));
    const auto changed = std::make_shared<v1::Add>(faded, change);
    const auto answer = sum_over_keys(std::make_shared<v1::Multiply>(changed, column_of(query)), true);
    const auto place =
        std::make_shared<v0::Unsqueeze>(step, v0::Constant::create(ov::element::i32, {1}, {0}));
    const auto answered = std::make_shared<v3::ScatterUpdate>(answers, place, answer, tokens);
    const auto body = std::make_shared<ov::Model>(
        ov::OutputVector{yes, changed, answered},
        ov::ParameterVector{step, query, key, value, held, decay, rate, answers}, "delta_rule");

    const Value first_values = heads_first(values);
    const auto shape = std::make_shared<v3::ShapeOf>(first_values, ov::element::i64);
    const auto none = std::make_shared<v3::Broadcast>(number(0.0F), shape);
    const auto count = std::make_shared<v0::Convert>(
        std::make_shared<v8::Gather>(shape, integers({2}), integer(0)), ov::element::i32);
    const auto loop =
        std::make_shared<v5::Loop>(count, v0::Constant::create(ov::element::boolean, {1}, {true}));
    loop->set_function(body);
    loop->set_sliced_input(query, scaled_queries(queries, heads_first(queries)), 0, 1, 1, -1, 2);
    loop->set_sliced_input(key, heads_first(keys), 0, 1, 1, -1, 2);
    loop->set_sliced_input(value, first_values, 0, 1, 1, -1, 2);
    loop->set_sliced_input(decay, heads_first(decays), 0, 1, 1, -1, 2);
    loop->set_sliced_input(rate, heads_first(rates), 0, 1, 1, -1, 2);
    loop->set_merged_input(held, state, changed);
    loop->set_merged_input(answers, none, answered);
    loop->set_special_body_ports({0, 0});
    loop->set_friendly_name(name);
    const Value all = loop->get_iter_value(answered, -1);
    const Value next = loop->get_iter_value(changed, -1);
    return {heads_first(all), next};
}

Value gated_delta_net(const Value& x, const ModelConfig& config, int64_t layer, const StoredTensors& tensors,
                      const LayerContext& context, KvCache& cache) {
    const DeltaRuleConfig& rule = config.delta_rule;
    const std::string prefix = layer_prefix(layer) + "linear_attn.";
    const auto project = [&](const char* name) { return projection(x, prefix + name, false, tensors); };
    const auto vector = [&](const char* name) { return vector_constant(stored(tensors, prefix + name)); };
    const auto seen = std::make_shared<v4::Swish>(causal_convolution(
        project("in_proj_qkv"), config, layer, prefix + "conv1d", tensors, context, cache));
    const auto parts = std::make_shared<v1::VariadicSplit>(
        seen, integer(2), integers({rule.keys(), rule.keys(), rule.values()}));
    const auto heads_of = [&](size_t part) {
        const auto heads = unit_length(split_heads(parts->output(part), rule.key_heads, rule.key_size));
        return repeated(heads, rule);
    };
    const auto values = split_heads(parts->output(2), rule.value_heads, rule.value_size);
    // Padding neither fades what is kept nor adds to it.
    const auto rates =
        std::make_shared<v1::Multiply>(std::make_shared<v0::Sigmoid>(project("in_proj_b")), context.real);
    const auto speed =
        std::make_shared<v4::SoftPlus>(std::make_shared<v1::Add>(project("in_proj_a"), vector("dt_bias")));
    Value fading = vector("A_log");
    if (!rule.stores_fading) fading = std::make_shared<v0::Negative>(std::make_shared<v0::Exp>(fading));
    const auto decays =
        std::make_shared<v1::Multiply>(std::make_shared<v1::Multiply>(speed, fading), context.real);

    const std::string state = std::to_string(layer) + std::string(kRecurrentState);
    const Value held = cache.take(state, {rule.value_heads, rule.key_size, rule.value_size});
    const auto [answers, next] =
        delta_rule(heads_of(0), heads_of(1), values, decays, rates, held, prefix + "delta_rule");
    cache.give(state, next);
    const auto normed = rms_norm(answers, vector("norm.weight"), config.norm_eps, prefix + "norm");
    const auto gate =
        std::make_shared<v4::Swish>(split_heads(project("in_proj_z"), rule.value_heads, rule.value_size));
    const auto joined = std::make_shared<v1::Reshape>(std::make_shared<v1::Multiply>(normed, gate),
                                                      integers({0, 0, rule.values()}), true);
    return projection(scaled(joined, context.residual_scale), prefix + "out_proj", false, tensors,
                      context.residual_scale);
}

}  // namespace ovenbird
