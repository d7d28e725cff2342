#include "bake/graph/encoder.hpp"

#include <fmt/format.h>

#include <openvino/op/ops.hpp>

#include "bake/graph/encoder_parts.hpp"
#include "bake/graph/rotary_encoder.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

struct Names {
    std::string query, key, value, attended, attended_norm, up, down, norm;
};

Names names_of(int64_t layer) {
    const std::string prefix = fmt::format("encoder.layer.{}.", layer);
    const std::string attention = prefix + "attention.";
    return {attention + "self.query",   attention + "self.key",         attention + "self.value",
            attention + "output.dense", attention + "output.LayerNorm", prefix + "intermediate.dense",
            prefix + "output.dense",    prefix + "output.LayerNorm"};
}

constexpr const char* kFirstNorm = "embeddings.LayerNorm";

Value attended(const Value& x, const Value& mask, const Names& names, const ModelConfig& model,
               const StoredTensors& tensors) {
    const auto heads_of = [&](const std::string& name) {
        return split_heads(projection(x, name, true, tensors), model);
    };
    const Value mixed = mixed_heads(heads_of(names.query), heads_of(names.key), heads_of(names.value), mask,
                                    model, names.attended);
    return projection(mixed, names.attended, true, tensors);
}

}  // namespace

std::vector<RequiredTensor> encoder_tensors(const EmbedderBody& body) {
    if (body.kind == EmbedderBody::Kind::nomic_bert) return rotary_encoder_tensors(body);
    const ModelConfig& model = body.model;
    std::vector<RequiredTensor> list;
    const auto add_vector = [&](const std::string& name, int64_t size) {
        list.push_back({name, TensorRole::vector, 1, size});
    };
    const auto add_linear = [&](const std::string& name, int64_t rows, int64_t columns) {
        list.push_back({name + ".weight", TensorRole::linear, rows, columns});
        add_vector(name + ".bias", rows);
    };
    const auto add_norm = [&](const std::string& name) {
        add_vector(name + ".weight", model.hidden_size);
        add_vector(name + ".bias", model.hidden_size);
    };
    list.push_back({kWordsName, TensorRole::embedding, model.vocab_size, model.hidden_size});
    list.push_back({kPlacesName, TensorRole::embedding, body.most_tokens(), model.hidden_size});
    add_norm(kFirstNorm);
    for (int64_t layer = 0; layer < model.layer_count(); ++layer) {
        const Names names = names_of(layer);
        for (const auto& name : {names.query, names.key, names.value, names.attended})
            add_linear(name, model.hidden_size, model.hidden_size);
        add_norm(names.attended_norm);
        add_linear(names.up, model.intermediate_size, model.hidden_size);
        add_linear(names.down, model.hidden_size, model.intermediate_size);
        add_norm(names.norm);
    }
    return list;
}

Value encode(const Value& input_ids, const Value& position_ids, const Value& mask, const EmbedderBody& body,
             const StoredTensors& tensors) {
    if (body.kind == EmbedderBody::Kind::nomic_bert)
        return rotary_encode(input_ids, position_ids, mask, body, tensors);
    const ModelConfig& model = body.model;
    const auto norm = [&](const Value& x, const Value& added, const std::string& name) {
        return moved_norm(std::make_shared<v1::Add>(x, added), name, model.norm_eps, tensors);
    };
    Value hidden = norm(embedding_lookup(stored(tensors, kWordsName), input_ids),
                        embedding_lookup(stored(tensors, kPlacesName), position_ids), kFirstNorm);
    for (int64_t layer = 0; layer < model.layer_count(); ++layer) {
        const Names names = names_of(layer);
        hidden = norm(hidden, attended(hidden, mask, names, model, tensors), names.attended_norm);
        const auto up = activated(projection(hidden, names.up, true, tensors), model.activation);
        hidden = norm(hidden, projection(up, names.down, true, tensors), names.norm);
    }
    return hidden;
}

}  // namespace ovenbird
