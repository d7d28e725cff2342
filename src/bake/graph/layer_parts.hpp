#pragma once
// One layer in parts, cut before each product, with its weights as inputs: what calibrating and streaming run
// layer by layer, whatever the number of layers.

#include <memory>
#include <openvino/core/model.hpp>
#include <string>

#include "bake/graph/layers.hpp"

namespace ovenbird {

/// What a part computes. Each takes "hidden", the residual stream (f32 [sequences, tokens, hidden_size]), and
/// gives "result".
enum class LayerPart {
    norm_attention,  // what query, key and value read
    attend,          // what the output projection reads: [sequences, tokens, heads * head_size]
    add_attended,    // the stream behind attention; takes attend's result as "read"
    norm_mlp,        // what gate and up read
    gate,            // what down reads: [sequences, tokens, intermediate_size]
    add_fed,         // the stream behind the layer; takes gate's result as "read"
};

/// A part of layer `layer` for static shapes. Weights are inputs named as the checkpoint's tensors without
/// the layer's prefix ("self_attn.q_proj.weight", f32 [rows, columns] or [size]). Sequences begin at position
/// 0. `tensors`: those of no layer (rope factors). Layers with equal LayerConfig have equal graphs. Errors:
/// unsupported for a layer that does not attend.
std::shared_ptr<ov::Model> build_layer_part(const ModelConfig& config, int64_t layer, LayerPart part,
                                            const StoredTensors& tensors, size_t sequences, size_t tokens);

/// From "hidden" to "result", the logits: weights as inputs, named as the checkpoint's tensors.
std::shared_ptr<ov::Model> build_head_part(const ModelConfig& config, bool mixes, size_t sequences,
                                           size_t tokens);

/// From "hidden" to "result", what a head of its own reads; the last norm's weights are an input.
std::shared_ptr<ov::Model> build_head_norm(const ModelConfig& config, size_t sequences, size_t tokens);

}  // namespace ovenbird
