#pragma once
// The whole decoder: token ids in, logits out, still with dynamic batch and sequence.

#include <memory>
#include <openvino/core/model.hpp>

#include "bake/graph/kv_cache.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// A stateful graph gives logits for the last so many rows of a run (for fewer tokens: for all of them).
inline constexpr int64_t kStatefulLogitRows = 8;

struct GraphForm {
    /// The residual stream is divided by it: a norm does not see the difference, and f16 then holds what
    /// would exceed it.
    int64_t activations_scale_factor = 1;
    CacheKind cache = CacheKind::none;
    int64_t past = 0;    // CacheKind::inputs: tokens that the cache's inputs hold
    int64_t tokens = 0;  // CacheKind::inputs: new tokens a run
};

/// Inputs input_ids, attention_mask, position_ids (i64 [-1, -1]); output logits (f32 [-1, -1, vocab_size]).
/// The model's constants view `tensors`' memory. Errors: internal when a
/// tensor that required_tensors() lists is missing.
std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         const GraphForm& form = {});

}  // namespace ovenbird
