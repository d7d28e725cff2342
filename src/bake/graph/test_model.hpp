#pragma once
// Small models of each family with random f32 weights, and what the decoder over them says. For tests only.

#include <map>
#include <memory>
#include <openvino/openvino.hpp>
#include <random>
#include <string>
#include <vector>

#include "bake/graph/decoder.hpp"
#include "bake/graph/inventory.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "model/config.hpp"

namespace ovenbird {

using TensorValues = std::map<std::string, std::vector<float>>;

inline ModelConfig small_config(int64_t hidden_size, int64_t heads, int64_t kv_heads, int64_t head_size) {
    ModelConfig config;
    config.hidden_size = hidden_size;
    config.intermediate_size = 40;
    config.heads = heads;
    config.kv_heads = kv_heads;
    config.head_size = head_size;
    config.vocab_size = 50;
    config.max_positions = 64;
    config.layers.resize(2);
    return config;
}

/// What the families differ in, by their names.
inline std::map<std::string, ModelConfig> small_configs() {
    std::map<std::string, ModelConfig> all;
    all["llama"] = small_config(32, 4, 2, 8);
    auto& biased = all["llama with biases, tied"] = small_config(48, 3, 1, 16);
    biased.qkv_bias = biased.output_bias = biased.mlp_bias = biased.tied_embeddings = true;
    auto& open = all["llama with biases, odd"] = small_config(9, 3, 3, 6);
    open.qkv_bias = open.output_bias = open.mlp_bias = true;
    auto& mistral = all["mistral"] = small_config(24, 3, 1, 12);
    mistral.layers[0].sliding_window = mistral.layers[1].sliding_window = 3;
    auto& qwen2 = all["qwen2"] = small_config(56, 4, 2, 14);
    qwen2.qkv_bias = qwen2.tied_embeddings = true;
    qwen2.layers[1].sliding_window = 4;
    all["qwen3"] = small_config(40, 4, 2, 24);
    all["qwen3"].qk_norm = true;
    all["qwen3, tied"] = all["qwen3"];
    all["qwen3, tied"].tied_embeddings = true;
    auto& hunyuan = all["hunyuan"] = all["qwen3"];
    hunyuan.qk_norm_behind_rope = true;
    auto& smollm3 = all["smollm3"] = small_config(32, 4, 2, 8);
    smollm3.tied_embeddings = true;
    smollm3.layers.resize(4);
    smollm3.layers[1].rotary = smollm3.layers[3].rotary = false;
    smollm3.layers[2].sliding_window = smollm3.layers[3].sliding_window = 3;
    auto& granite = all["granite"] = small_config(24, 3, 1, 8);
    granite.qkv_bias = granite.output_bias = granite.mlp_bias = true;
    granite.embedding_multiplier = 12.0;
    granite.residual_multiplier = 0.22;
    granite.logits_divisor = 8.0;
    granite.attention_multiplier = 0.1;
    all["granite, tied"] = granite;
    all["granite, tied"].tied_embeddings = true;
    all["gemma"] = small_config(32, 4, 1, 16);
    all["gemma"].activation = Activation::gelu_tanh;
    all["gemma"].tied_embeddings = true;
    auto& gemma2 = all["gemma2"] = small_config(24, 3, 1, 8);
    gemma2.activation = Activation::gelu_tanh;
    gemma2.tied_embeddings = gemma2.norms_behind = true;
    gemma2.layers[0].sliding_window = 3;
    gemma2.attention_softcap = 0.5;
    gemma2.logits_softcap = 2.0;
    auto& gemma3 = all["gemma3"] = small_config(32, 4, 2, 12);
    gemma3.activation = Activation::gelu_tanh;
    gemma3.norms_behind = gemma3.qk_norm = true;
    gemma3.local_rope = RopeConfig{.theta = 50.0};
    gemma3.layers[0] = {.sliding_window = 3, .rotary = true, .local_rope = true};
    auto& olmo2 = all["olmo2"] = small_config(24, 3, 1, 8);
    olmo2.norms_before = false;
    olmo2.norms_behind = olmo2.qk_norm = olmo2.qk_norm_whole = true;
    olmo2.qkv_bias = olmo2.output_bias = true;
    olmo2.layers[0].sliding_window = 3;
    auto& exaone4 = all["exaone4"] = small_config(32, 4, 2, 12);
    exaone4.norms_before = false;
    exaone4.norms_behind = exaone4.qk_norm = exaone4.tied_embeddings = true;
    exaone4.layers[0].sliding_window = 3;
    exaone4.layers[1].rotary = false;
    auto& starcoder2 = all["starcoder2"] = small_config(32, 4, 2, 8);
    starcoder2.norm = NormKind::layer;
    starcoder2.gated = false;
    starcoder2.norm_bias = starcoder2.qkv_bias = starcoder2.output_bias = starcoder2.mlp_bias = true;
    starcoder2.activation = Activation::gelu_tanh;
    auto& nemotron = all["nemotron"] = starcoder2;
    nemotron.activation = Activation::relu_squared;
    nemotron.mlp_bias = false;
    nemotron.rope.rotary_size = 4;
    all["arcee"] = small_config(32, 4, 2, 8);
    all["arcee"].gated = false;
    all["arcee"].activation = Activation::relu_squared;
    auto& cohere = all["cohere"] = small_config(24, 3, 1, 8);
    cohere.norm = NormKind::layer;
    cohere.parallel = cohere.tied_embeddings = true;
    cohere.logits_divisor = 4.0;
    all["stablelm"] = small_config(32, 4, 4, 8);
    all["stablelm"].norm = NormKind::layer;
    all["stablelm"].norm_bias = all["stablelm"].parallel = true;
    all["ministral3"] = small_config(32, 4, 2, 12);
    all["ministral3"].query_growth = QueryGrowth{.beta = 0.7, .context = 3};
    auto& factors = all["llama with rope factors"] = small_config(32, 4, 4, 8);
    factors.rope.scaling = RopeConfig::Scaling::factors;
    auto& partial = all["partial rotary embedding"] = small_config(32, 4, 2, 12);
    partial.rope.rotary_size = 6;
    partial.rope.attention_factor = 1.2;
    partial.layers[1].rotary = false;
    return all;
}

/// Whether a plan rotates the stream of such a model.
inline bool can_rotate(const ModelConfig& config) {
    return !config.norms_behind && config.norm == NormKind::rms && config.has_attention_only();
}

inline TensorValues random_tensors(const ModelConfig& config, uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    TensorValues values;
    for (const auto& tensor : required_tensors(config)) {
        const bool is_norm = tensor.name.ends_with("norm.weight");
        const bool is_factor = tensor.name.starts_with("rope");
        auto& own = values[tensor.name];
        own.resize(static_cast<size_t>(tensor.rows * tensor.columns));
        for (float& value : own)
            value = is_norm ? 1.0F + 0.4F * normal(random)
                            : (is_factor ? 1.0F + std::abs(normal(random)) : 0.3F * normal(random));
    }
    return values;
}

/// Views of the values, which must outlive them.
inline StoredTensors stored_tensors(const ModelConfig& config, const TensorValues& values) {
    StoredTensors stored;
    const auto add = [&](const std::string& name, int64_t rows, int64_t columns) {
        auto& tensor = stored[name];
        tensor.name = name;
        tensor.rows = rows;
        tensor.columns = columns;
        tensor.weights = reinterpret_cast<const std::byte*>(values.at(name).data());
    };
    for (const auto& tensor : required_tensors(config))
        add(tensor.name, tensor.rows, tensor.columns);
    if (values.contains(kHeadMixName)) add(kHeadMixName, config.hidden_size, config.hidden_size);
    return stored;
}

/// Runs a model on the CPU in f32; the tensors by the names of its inputs.
inline std::vector<float> run_exactly(const std::shared_ptr<ov::Model>& model,
                                      const std::map<std::string, ov::Tensor>& inputs) {
    static ov::Core core;
    auto request = core.compile_model(model, "CPU",
                                      {{"INFERENCE_PRECISION_HINT", "f32"},
                                       {"KV_CACHE_PRECISION", "f32"},
                                       {"DYNAMIC_QUANTIZATION_GROUP_SIZE", 0}})
                       .create_infer_request();
    for (const auto& input : model->inputs())
        request.set_tensor(input.get_any_name(), inputs.at(input.get_any_name()));
    request.infer();
    const ov::Tensor result = request.get_output_tensor(0);
    return {result.data<float>(), result.data<float>() + result.get_size()};
}

/// Token ids [sequences, tokens], some of them twice.
inline ov::Tensor some_ids(const ModelConfig& config, size_t sequences, size_t tokens) {
    ov::Tensor ids(ov::element::i64, {sequences, tokens});
    for (size_t i = 0; i < ids.get_size(); ++i)
        ids.data<int64_t>()[i] = static_cast<int64_t>(i * i + 3) % config.vocab_size;
    return ids;
}

/// Logits [sequences, tokens, vocab_size] of build_decoder().
inline std::vector<float> decoder_logits(const ModelConfig& config, const StoredTensors& tensors,
                                         const ov::Tensor& ids) {
    const auto& shape = ids.get_shape();
    ov::Tensor mask(ov::element::i64, shape);
    ov::Tensor positions(ov::element::i64, shape);
    ov::Tensor beams(ov::element::i32, {shape[0]});
    for (size_t i = 0; i < ids.get_size(); ++i) {
        mask.data<int64_t>()[i] = 1;
        positions.data<int64_t>()[i] = static_cast<int64_t>(i % shape[1]);
    }
    for (size_t i = 0; i < shape[0]; ++i)
        beams.data<int32_t>()[i] = static_cast<int32_t>(i);
    return run_exactly(
        build_decoder(config, tensors, 1),
        {{"input_ids", ids}, {"attention_mask", mask}, {"position_ids", positions}, {"beam_idx", beams}});
}

inline float largest_magnitude(const std::vector<float>& values) {
    float largest = 0;
    for (const float value : values)
        largest = std::max(largest, std::abs(value));
    return largest;
}

inline float largest_difference(const std::vector<float>& one, const std::vector<float>& other) {
    if (one.size() != other.size()) return INFINITY;
    float largest = 0;
    for (size_t i = 0; i < one.size(); ++i) {
        const float difference = std::abs(one[i] - other[i]);
        if (!(difference <= largest)) largest = difference;  // one that is no number stays
    }
    return largest;
}

}  // namespace ovenbird
