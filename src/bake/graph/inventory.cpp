#include "bake/graph/inventory.hpp"

#include <fmt/format.h>

namespace ovenbird {
namespace {

void add_linear(std::vector<RequiredTensor>& list, const std::string& name, int64_t rows, int64_t columns,
                bool bias) {
    list.push_back({name + ".weight", TensorRole::linear, rows, columns});
    if (bias) list.push_back({name + ".bias", TensorRole::vector, 1, rows});
}

void add_norm(std::vector<RequiredTensor>& list, const std::string& name, const ModelConfig& config) {
    list.push_back({name + ".weight", TensorRole::vector, 1, config.hidden_size});
    if (config.norm_bias) list.push_back({name + ".bias", TensorRole::vector, 1, config.hidden_size});
}

// `config` has the layer's own sizes, here and below.
void add_attention(std::vector<RequiredTensor>& list, const std::string& prefix, const ModelConfig& config,
                   const LayerConfig& layer) {
    const bool has_keys = layer.keys_of < 0;
    const int64_t query_size = config.heads * config.head_size;
    const int64_t key_size = config.kv_heads * config.head_size;
    add_linear(list, prefix + "q_proj", config.output_gate ? 2 * query_size : query_size, config.hidden_size,
               config.qkv_bias);
    if (has_keys) add_linear(list, prefix + "k_proj", key_size, config.hidden_size, config.qkv_bias);
    if (has_keys && !layer.keys_as_values)
        add_linear(list, prefix + "v_proj", key_size, config.hidden_size, config.qkv_bias);
    if (config.qk_norm) {
        const bool whole = config.qk_norm_whole;
        list.push_back(
            {prefix + "q_norm.weight", TensorRole::vector, 1, whole ? query_size : config.head_size});
        if (has_keys)
            list.push_back(
                {prefix + "k_norm.weight", TensorRole::vector, 1, whole ? key_size : config.head_size});
    }
    add_linear(list, prefix + "o_proj", config.hidden_size, query_size, config.output_bias);
}

void add_convolution(std::vector<RequiredTensor>& list, const ModelConfig& config, const std::string& name,
                     int64_t channels) {
    list.push_back({name + ".weight", TensorRole::channels, channels, config.convolution_size});
    if (config.convolution_bias) list.push_back({name + ".bias", TensorRole::vector, 1, channels});
}

void add_short_convolution(std::vector<RequiredTensor>& list, const ModelConfig& config,
                           const std::string& prefix) {
    const int64_t size = config.hidden_size;
    add_linear(list, prefix + "in_proj", 3 * size, size, config.convolution_bias);
    add_convolution(list, config, prefix + "conv", size);
    add_linear(list, prefix + "out_proj", size, size, config.convolution_bias);
}

void add_delta_rule(std::vector<RequiredTensor>& list, const ModelConfig& config, const std::string& prefix) {
    const DeltaRuleConfig& rule = config.delta_rule;
    const int64_t size = config.hidden_size;
    add_linear(list, prefix + "in_proj_qkv", rule.mixed(), size, false);
    add_linear(list, prefix + "in_proj_z", rule.values(), size, false);
    add_linear(list, prefix + "in_proj_b", rule.value_heads, size, false);
    add_linear(list, prefix + "in_proj_a", rule.value_heads, size, false);
    add_convolution(list, config, prefix + "conv1d", rule.mixed());
    list.push_back({prefix + "A_log", TensorRole::vector, 1, rule.value_heads});
    list.push_back({prefix + "dt_bias", TensorRole::vector, 1, rule.value_heads});
    list.push_back({prefix + "norm.weight", TensorRole::vector, 1, rule.value_size});
    add_linear(list, prefix + "out_proj", size, rule.values(), false);
}

void add_mlp(std::vector<RequiredTensor>& list, const std::string& prefix, const ModelConfig& config) {
    const bool bias = config.mlp_bias;
    if (config.gated)
        add_linear(list, prefix + "gate_proj", config.intermediate_size, config.hidden_size, bias);
    add_linear(list, prefix + "up_proj", config.intermediate_size, config.hidden_size, bias);
    add_linear(list, prefix + "down_proj", config.hidden_size, config.intermediate_size, bias);
}

void add_layer_input(std::vector<RequiredTensor>& list, const std::string& prefix,
                     const ModelConfig& config) {
    const int64_t size = config.layer_input.size;
    add_linear(list, prefix + kLayerGate, size, config.hidden_size, false);
    add_linear(list, prefix + kLayerProjection, config.hidden_size, size, false);
    add_norm(list, prefix + kLayerNorm, config);
}

// The table of all layers' rows, and what projects the embedding for all of them.
void add_layer_inputs(std::vector<RequiredTensor>& list, const ModelConfig& config) {
    const int64_t size = config.layer_input.size;
    const int64_t all = size * config.layer_count();
    list.push_back({kLayerTableName, TensorRole::embedding, config.layer_input.vocab_size, all});
    list.push_back({kLayerMixName, TensorRole::linear, all, config.hidden_size});
    list.push_back({kLayerMixNormName, TensorRole::vector, 1, size});
}

void add_layer(std::vector<RequiredTensor>& list, const ModelConfig& whole, int64_t layer) {
    const ModelConfig config = whole.of_layer(layer);
    const std::string prefix = layer_prefix(layer);
    if (config.norms_before) add_norm(list, prefix + "input_layernorm", config);
    switch (config.layers[static_cast<size_t>(layer)].mixer) {
        case Mixer::attention:
            add_attention(list, prefix + "self_attn.", config, config.layers[static_cast<size_t>(layer)]);
            break;
        case Mixer::short_convolution:
            add_short_convolution(list, config, prefix + "conv.");
            break;
        case Mixer::delta_rule:
            add_delta_rule(list, config, prefix + "linear_attn.");
            break;
    }
    if (config.norms_behind) add_norm(list, prefix + "post_attention_layernorm", config);
    if (config.norms_before && !config.parallel) add_norm(list, mlp_norm(config, layer), config);
    add_mlp(list, prefix + "mlp.", config);
    if (config.norms_behind) add_norm(list, prefix + "post_feedforward_layernorm", config);
    if (config.layer_input.size > 0) add_layer_input(list, prefix, config);
    if (config.layer_scalar) list.push_back({prefix + kLayerScalar, TensorRole::vector, 1, 1});
}

}  // namespace

const char* rope_factors_name(const RopeConfig& rope) {
    if (rope.scaling == RopeConfig::Scaling::factors) return kRopeFactorsName;
    const bool listed = !rope.short_factors.empty() && !rope.long_factors.empty();
    if (rope.scaling != RopeConfig::Scaling::longrope || listed) return nullptr;
    return rope.is_long() ? kLongRopeFactorsName : kShortRopeFactorsName;
}

std::string layer_prefix(int64_t layer) {
    return fmt::format("model.layers.{}.", layer);
}

std::string mlp_norm(const ModelConfig& config, int64_t layer) {
    if (config.parallel) return layer_prefix(layer) + "input_layernorm";
    return layer_prefix(layer) +
           (config.norms_behind ? "pre_feedforward_layernorm" : "post_attention_layernorm");
}

JointProjection joint_attention(int64_t layer) {
    return {layer_prefix(layer) + "self_attn.", {"q_proj", "k_proj", "v_proj"}};
}

JointProjection joint_mlp(int64_t layer) {
    return {layer_prefix(layer) + "mlp.", {"gate_proj", "up_proj"}};
}

std::vector<RequiredTensor> required_tensors(const ModelConfig& config) {
    std::vector<RequiredTensor> list;
    list.push_back({kEmbeddingName, TensorRole::embedding, config.vocab_size, config.hidden_size});
    if (config.layer_input.size > 0) add_layer_inputs(list, config);
    if (const char* factors = rope_factors_name(config.rope)) {
        list.push_back({factors, TensorRole::vector, 1, config.rope.turned_of(config.head_size) / 2});
    }
    for (int64_t layer = 0; layer < config.layer_count(); ++layer)
        add_layer(list, config, layer);
    list.push_back({kFinalNormName, TensorRole::vector, 1, config.hidden_size});
    if (config.norm_bias) list.push_back({kFinalNormBiasName, TensorRole::vector, 1, config.hidden_size});
    if (!config.tied_embeddings) {
        list.push_back({kHeadName, TensorRole::head, config.vocab_size, config.hidden_size});
    }
    return list;
}

}  // namespace ovenbird
