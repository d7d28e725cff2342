#include "bake/graph/rotary_encoder.hpp"

#include <fmt/format.h>

#include <openvino/op/ops.hpp>

#include "bake/graph/encoder.hpp"
#include "bake/graph/encoder_parts.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

struct Names {
    std::string fused, attended, attended_norm, up, gate, down, norm;
};

Names names_of(int64_t layer) {
    const std::string prefix = fmt::format("encoder.layers.{}.", layer);
    return {prefix + "attn.Wqkv", prefix + "attn.out_proj", prefix + "norm1", prefix + "mlp.fc11",
            prefix + "mlp.fc12",  prefix + "mlp.fc2",       prefix + "norm2"};
}

constexpr const char* kFirstNorm = "emb_ln";

// Queries, keys and values are the three thirds of one projection.
Value attended(const Value& x, const Value& mask, const RopeTables& rope, const Names& names,
               const ModelConfig& model, const StoredTensors& tensors) {
    const auto thirds =
        std::make_shared<v1::Split>(projection(x, names.fused, false, tensors), integer(-1), 3);
    const auto turned = [&](size_t third) {
        return apply_rope(split_heads(thirds->output(third), model), rope, model.head_size);
    };
    const Value mixed =
        mixed_heads(turned(0), turned(1), split_heads(thirds->output(2), model), mask, model, names.attended);
    return projection(mixed, names.attended, false, tensors);
}

Value fed(const Value& x, const Names& names, const ModelConfig& model, const StoredTensors& tensors) {
    const auto gate = activated(projection(x, names.gate, false, tensors), model.activation);
    const auto product = std::make_shared<v1::Multiply>(gate, projection(x, names.up, false, tensors));
    return projection(product, names.down, false, tensors);
}

}  // namespace

std::vector<RequiredTensor> rotary_encoder_tensors(const EmbedderBody& body) {
    const ModelConfig& model = body.model;
    const int64_t hidden = model.hidden_size, inner = model.intermediate_size;
    std::vector<RequiredTensor> list{{kWordsName, TensorRole::embedding, model.vocab_size, hidden},
                                     {kTokenTypesName, TensorRole::embedding, body.token_types, hidden}};
    const auto add_linear = [&](const std::string& name, int64_t rows, int64_t columns) {
        list.push_back({name + ".weight", TensorRole::linear, rows, columns});
    };
    const auto add_norm = [&](const std::string& name) {
        for (const char* kind : {".weight", ".bias"})
            list.push_back({name + kind, TensorRole::vector, 1, hidden});
    };
    add_norm(kFirstNorm);
    for (int64_t layer = 0; layer < model.layer_count(); ++layer) {
        const Names names = names_of(layer);
        add_linear(names.fused, 3 * hidden, hidden);
        add_linear(names.attended, hidden, hidden);
        add_norm(names.attended_norm);
        add_linear(names.up, inner, hidden);
        add_linear(names.gate, inner, hidden);
        add_linear(names.down, hidden, inner);
        add_norm(names.norm);
    }
    return list;
}

Value rotary_encode(const Value& input_ids, const Value& position_ids, const Value& mask,
                    const EmbedderBody& body, const StoredTensors& tensors) {
    const ModelConfig& model = body.model;
    const auto rope =
        rope_tables(position_ids, inverse_frequencies(model.rope, model.head_size, nullptr), model.head_size);
    const auto norm = [&](const Value& x, const Value& added, const std::string& name) {
        return moved_norm(std::make_shared<v1::Add>(x, added), name, model.norm_eps, tensors);
    };
    const Value first_type = embedding_lookup(stored(tensors, kTokenTypesName), integers({0}));
    Value hidden = norm(embedding_lookup(stored(tensors, kWordsName), input_ids), first_type, kFirstNorm);
    for (int64_t layer = 0; layer < model.layer_count(); ++layer) {
        const Names names = names_of(layer);
        hidden = norm(hidden, attended(hidden, mask, rope, names, model, tensors), names.attended_norm);
        hidden = norm(hidden, fed(hidden, names, model, tensors), names.norm);
    }
    return hidden;
}

}  // namespace ovenbird
