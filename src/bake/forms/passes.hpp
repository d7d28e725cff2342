#pragma once
// The passes that forms are made of, one a file: each changes one thing about a model, in place.

#include <cstdint>
#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

namespace ovenbird {

/// Turns a decoder with a key/value cache, as states or as inputs past_key_values.*, into one that starts
/// from no tokens; only the output logits stays.
void drop_cache(const std::shared_ptr<ov::Model>& model);

/// Removes what drop_cache() left behind once shapes are fixed: parts of a Concat that hold nothing, and
/// beam_idx where nothing reads it any more.
void drop_empty_parts(const std::shared_ptr<ov::Model>& model);

/// Removes a model's states but for what reads them.
void drop_state_sinks(const std::shared_ptr<ov::Model>& model);

/// Turns each state past_key_values.* (f32 [batch, heads, kept, size], extended by a Concat along the third
/// axis) into an input of that name, f16 [1, heads, past, size], and an output present.* (f16) of what is
/// new. A whole state (is_whole_state()) becomes an input and an output of its own size, f32. Errors:
/// unsupported, naming the state.
void states_to_inputs(const std::shared_ptr<ov::Model>& model, int64_t past);

/// Writes every gated delta rule, a Loop over tokens, out as products: of chunks of tokens, or of one. For
/// static models.
void write_out_delta_rule(const std::shared_ptr<ov::Model>& model);

/// Gives every ScaledDotProductAttention, and every attention with a cap, the mask of its layer (rt_info
/// tells sliding windows) instead of its own: causal_mask(), or static_cache_mask() in a model whose shapes
/// are numbers. The layer is the number in the name of the state or input that its keys come from.
void set_masks(const std::shared_ptr<ov::Model>& model, bool of_static_cache);

/// Fixes every input: `tokens` new ones behind `past` kept ones ([1] for beam_idx). Errors: unsupported,
/// naming a dynamic input of another name.
void reshape_inputs(const std::shared_ptr<ov::Model>& model, int64_t tokens, int64_t past);

/// Lets the head see only the last `rows` rows of a run, of a dynamic model too: logits of so many, or of as
/// many as there are. Errors: unsupported when "logits" does not come from a MatMul.
void keep_last_rows(const std::shared_ptr<ov::Model>& model, int64_t rows);

/// Products of one input with constant weights, set by set: query, key and value, gate and up.
std::vector<ov::NodeVector> joint_products(const std::shared_ptr<ov::Model>& model);

/// Makes the products of one input one product, where the bytes of their weights (and biases) lie behind each
/// other: fewer, larger ones are faster on a CPU.
void join_products(const std::shared_ptr<ov::Model>& model);

/// Lets the head see only the last real row, whose index is ReduceSum(attention_mask of the new tokens) - 1:
/// logits become [1, 1, V]. Errors: unsupported when "logits" does not come from a MatMul or there is no
/// attention_mask.
void keep_last_row(const std::shared_ptr<ov::Model>& model);

/// Folds shape arithmetic to constants and leaves compressed weights, and everything that would grow, as they
/// are.
void settle_shapes(const std::shared_ptr<ov::Model>& model);

/// Makes attention that is written out, softmax(q kᵀ * scale + masks) v, one ScaledDotProductAttention with
/// mask and scale. For static models, heads of rank 4 or 3 (without the batch), scales of one number on q, k
/// or their product, and masks [1 or batch, 1 or heads, rows of q, rows of k] added after that. Left alone
/// where something else reads a value in between.
void fuse_attention(const std::shared_ptr<ov::Model>& model);

/// Lets a ScaledDotProductAttention whose keys and values are copies for groups of query heads read each of
/// them once: the queries of a group become more rows of their key head, and the rows of a mask [1, 1, N, S]
/// are repeated, once for all layers. For static models of batch 1; other masks are left alone.
void queries_into_rows(const std::shared_ptr<ov::Model>& model);

/// Makes the heads before attention by Split and Concat instead of a Transpose, which NPU 3720 (Meteor Lake)
/// refuses for an odd number of heads. For static models.
void split_heads(const std::shared_ptr<ov::Model>& model);

/// Looks the rotary cosines and sines, and logarithms of positions, up in tables, one row for each position
/// below `positions`, instead of computing them: an NPU's f16 knows an angle of 900 only to half a radian.
/// For static models.
void look_up_rope(const std::shared_ptr<ov::Model>& model, int64_t positions);

/// Gathers rows of a compressed table before scaling them, so that the table stays compressed on the device.
void scale_after_gather(const std::shared_ptr<ov::Model>& model);

/// Writes a product with asymmetric per-channel weights as a symmetric one plus a rank-1 term:
/// x (q - z)ᵀ s = x qᵀ s - sum(x) z s (for unsigned codes with q - 8 and z - 8). The NPU compiler keeps only
/// symmetric weights compressed, and of those only signed ones on every generation.
void use_scalar_zero_points(const std::shared_ptr<ov::Model>& model);

/// Takes the lookup of tokens out of a static model, for a host to do (a tied table is otherwise stored twice
/// on the device): input_ids becomes inputs_embeds (f32 [1, N, hidden]). Returns the lookup as a model of its
/// own, from input_ids [1, any] to inputs_embeds. Errors: unsupported when no table is looked up with
/// input_ids.
std::shared_ptr<ov::Model> split_off_embedding(const std::shared_ptr<ov::Model>& model);

/// Writes the ends of slices as numbers that count from the front: of a slice of what is put behind
/// constants, whose end counts from behind, the NPU compiler makes one of no rows. For static models.
void plain_slices(const std::shared_ptr<ov::Model>& model);

/// Keeps constants (masks, above all) within ±65504: an NPU computes in f16, where more is infinite and a
/// difference of infinities is no number.
void bound_constants(const std::shared_ptr<ov::Model>& model);

/// Gives every node a name of its own, which the NPU compiler insists on.
void unique_names(const std::shared_ptr<ov::Model>& model);

/// One way in which a model is not what an NPU takes.
struct Violation {
    std::string node;
    std::string text;  // the dimension or input, why, and where it came from
};

struct WeightCount {
    size_t int4_constants = 0;
    size_t int8_constants = 0;
};
WeightCount count_compressed(const std::shared_ptr<const ov::Model>& model);

/// No dynamic dimension, no ShapeOf or Range, no shape that depends on data. Empty when sound.
std::vector<Violation> find_dynamic_parts(const std::shared_ptr<const ov::Model>& model);

/// Everything static: no dynamic dimension, no ShapeOf or Range, no shape that depends on data, inputs int64
/// (beam_idx int32). Empty when sound.
std::vector<Violation> find_violations(const std::shared_ptr<const ov::Model>& model);

}  // namespace ovenbird
