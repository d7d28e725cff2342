#pragma once
// Which tensors a model must bring: the graph builder's shopping list, checked before any work.

#include <string>
#include <vector>

#include "model/config.hpp"

namespace ovenbird {

enum class TensorRole {
    embedding,  // the token table, looked up by row
    head,       // the output projection, where it is not the embedding itself
    linear,     // a projection inside a layer
    vector,     // norm weights, biases, rope factors: kept in f32
    channels,   // a convolution's weights, a row a channel: kept in f32
};

struct RequiredTensor {
    std::string name;  // Hugging Face's spelling
    TensorRole role;
    int64_t rows;  // 1 for vectors
    int64_t columns;
};

inline constexpr const char* kEmbeddingName = "model.embed_tokens.weight";
inline constexpr const char* kHeadName = "lm_head.weight";
inline constexpr const char* kFinalNormName = "model.norm.weight";
inline constexpr const char* kFinalNormBiasName = "model.norm.bias";
/// Square, before a tied head: what makes of a rotated stream what the rotated table wants. No checkpoint has
/// it.
inline constexpr const char* kHeadMixName = "ovenbird.head_mix.weight";
/// What each layer reads of the token: a table, a projection of the embedding and its norm, for all layers at
/// once; then what each layer has for it.
inline constexpr const char* kLayerTableName = "model.embed_tokens_per_layer.weight";
inline constexpr const char* kLayerMixName = "model.per_layer_model_projection.weight";
inline constexpr const char* kLayerMixNormName = "model.per_layer_projection_norm.weight";
inline constexpr const char* kLayerGate = "per_layer_input_gate";
inline constexpr const char* kLayerProjection = "per_layer_projection";
inline constexpr const char* kLayerNorm = "post_per_layer_input_norm";
inline constexpr const char* kLayerScalar = "layer_scalar";
inline constexpr const char* kRopeFactorsName = "rope_freqs.weight";
inline constexpr const char* kShortRopeFactorsName = "rope_factors_short.weight";
inline constexpr const char* kLongRopeFactorsName = "rope_factors_long.weight";

/// The tensor that holds the factors of the rotary embedding; null: the configuration has them all.
const char* rope_factors_name(const RopeConfig& rope);

/// "model.layers.7."
std::string layer_prefix(int64_t layer);

/// The norm before a layer's MLP, without ".weight": where there are norms behind attention and MLP too, they
/// have the name that it has elsewhere; where attention and MLP stand side by side it is the one of both.
std::string mlp_norm(const ModelConfig& config, int64_t layer);

/// Projections of one layer that read the same values ("model.layers.7.self_attn." and q_proj, k_proj,
/// v_proj): where their bytes lie behind each other, a graph may take them for one.
struct JointProjection {
    std::string prefix;
    std::vector<std::string> parts;
};
JointProjection joint_attention(int64_t layer);
JointProjection joint_mlp(int64_t layer);

/// All tensors of the model, in the order in which the graph uses them.
std::vector<RequiredTensor> required_tensors(const ModelConfig& config);

}  // namespace ovenbird
