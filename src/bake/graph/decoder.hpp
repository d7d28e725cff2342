#pragma once
// The one decoder that every form is made of: token ids in, logits out, dynamic, with states.

#include <memory>
#include <openvino/core/model.hpp>

#include "bake/graph/stored_tensor.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// Inputs input_ids and position_ids (i64 [batch, tokens]), attention_mask (i64 [batch, kept + tokens]) and
/// beam_idx (i32 [batch]); states past_key_values.N.key and .value (f32 [batch, kv_heads, kept, head_size]);
/// output logits (f32 [batch, tokens, vocab_size]). The constants view `tensors`' memory. The residual stream
/// is divided by `activations_scale_factor`: a norm does not see the difference, and f16 then holds what
/// would exceed it. Errors: internal when a tensor that required_tensors() lists is missing.
std::shared_ptr<ov::Model> build_decoder(const ModelConfig& config, const StoredTensors& tensors,
                                         int64_t activations_scale_factor = 1);

}  // namespace ovenbird
