#include "bake/graph/decoder.hpp"

#include <algorithm>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Parameter> token_input(const char* name) {
    auto input = std::make_shared<v0::Parameter>(ov::element::i64, ov::PartialShape{-1, -1});
    input->set_friendly_name(name);
    input->get_output_tensor(0).set_names({name});
    return input;
}

AttentionContext shared_context(const ModelConfig& config, const StoredTensors& tensors,
                                const Value& attention_mask, const Value& position_ids) {
    const float* factors = nullptr;
    if (config.rope.scaling == RopeConfig::Scaling::factors) {
        factors = reinterpret_cast<const float*>(stored(tensors, kRopeFactorsName).weights);
    }
    AttentionContext context;
    context.rope = rope_tables(position_ids, inverse_frequencies(config.rope, config.head_size, factors));
    const int64_t groups = config.heads / config.kv_heads;
    context.full_mask = attention_mask_bias(attention_mask, 0, groups);
    const int64_t window = *std::max_element(config.sliding_window.begin(), config.sliding_window.end());
    if (window > 0) context.sliding_mask = attention_mask_bias(attention_mask, window, groups);
    return context;
}

}  // namespace

const StoredTensor& stored(const StoredTensors& tensors, const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end())
        fail(ErrorCode::internal, "the graph needs {}, which the plan did not store", name);
    return found->second;
}

Value projection(const Value& x, const std::string& name, bool bias, const StoredTensors& tensors,
                 float bias_scale) {
    auto product = linear(x, stored(tensors, name + ".weight"));
    if (!bias) return product;
    return std::make_shared<v1::Add>(product,
                                     scaled(vector_constant(stored(tensors, name + ".bias")), bias_scale));
}

Value scaled(const Value& x, float factor) {
    if (factor == 1.0F) return x;
    return std::make_shared<v1::Multiply>(x, v0::Constant::create(ov::element::f32, {}, {factor}));
}

std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         int64_t activations_scale_factor) {
    const auto input_ids = token_input("input_ids");
    const auto attention_mask = token_input("attention_mask");
    const auto position_ids = token_input("position_ids");
    auto context = shared_context(config, tensors, attention_mask, position_ids);
    context.residual_scale = 1.0F / static_cast<float>(activations_scale_factor);
    const double eps = config.rms_norm_eps * context.residual_scale * context.residual_scale;

    const auto norm = [&](const Value& x, const std::string& name) {
        return rms_norm(x, vector_constant(stored(tensors, name + ".weight")), eps, name);
    };
    const auto& table = stored(tensors, kEmbeddingName);
    Value hidden = scaled(embedding_lookup(table, input_ids), context.residual_scale);
    for (int64_t layer = 0; layer < config.layers; ++layer) {
        const std::string prefix = layer_prefix(layer);
        const auto attended =
            attention(norm(hidden, prefix + "input_layernorm"), config, layer, tensors, context);
        hidden = std::make_shared<v1::Add>(hidden, attended);
        const auto fed = mlp(norm(hidden, prefix + "post_attention_layernorm"), config, layer, tensors,
                             context.residual_scale);
        hidden = std::make_shared<v1::Add>(hidden, fed);
    }
    const auto logits =
        linear(norm(hidden, "model.norm"), config.tied_embeddings ? table : stored(tensors, kHeadName));
    const auto result = std::make_shared<v0::Result>(logits);
    result->set_friendly_name("logits");
    result->get_output_tensor(0).set_names({"logits"});
    return std::make_shared<ov::Model>(
        ov::ResultVector{result}, ov::ParameterVector{input_ids, attention_mask, position_ids}, "ovenbird");
}

}  // namespace ovenbird
