#pragma once
// The whole decoder: token ids in, logits out, still with dynamic batch and sequence.

#include <memory>
#include <openvino/core/model.hpp>

#include "bake/graph/stored_tensor.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// Inputs input_ids, attention_mask, position_ids (i64 [-1, -1]); output logits (f32 [-1, -1, vocab_size]).
/// The residual stream is divided by activations_scale_factor: a norm does not see the difference, and f16
/// then holds what would exceed it. The model's constants view `tensors`' memory. Errors: internal when a
/// tensor that required_tensors() lists is missing.
std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         int64_t activations_scale_factor = 1);

}  // namespace ovenbird
