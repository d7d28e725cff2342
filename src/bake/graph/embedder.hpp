#pragma once
// The one graph that an embedder's static ones are made of: token ids in, a vector out.

#include <memory>
#include <openvino/core/model.hpp>
#include <vector>

#include "bake/graph/inventory.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// All tensors, in the order in which the graph uses them.
std::vector<RequiredTensor> embedder_tensors(const EmbedderBody& body, const EmbedderModules& modules);

/// Columns of the vector.
int64_t embedding_size(const EmbedderBody& body, const EmbedderModules& modules);

/// Inputs input_ids, attention_mask and position_ids (i64 [batch, tokens], one text, padded at its end);
/// output embedding (f32 [1, dimension]). Errors: internal when a tensor is missing.
std::shared_ptr<ov::Model> build_embedder(const EmbedderBody& body, const EmbedderModules& modules,
                                          const StoredTensors& tensors, int64_t activations_scale_factor = 1);

}  // namespace ovenbird
