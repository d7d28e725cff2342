#pragma once
// What inputs, outputs and states of a decoder's graphs are called, in every form.

#include <string_view>

namespace ovenbird {

inline constexpr const char* kInputIds = "input_ids";            // i64 [batch, tokens]
inline constexpr const char* kInputsEmbeds = "inputs_embeds";    // f32 [batch, tokens, hidden] instead of it
inline constexpr const char* kAttentionMask = "attention_mask";  // i64 [batch, kept + tokens]
inline constexpr const char* kPositionIds = "position_ids";      // i64 [batch, tokens]
inline constexpr const char* kBeamIdx = "beam_idx";              // i32 [batch]
inline constexpr const char* kLogits = "logits";                 // f32 [batch, rows, vocabulary]

/// States, or inputs, of what is kept: "past_key_values.7.key"; outputs of what is new: "present.7.key".
inline constexpr std::string_view kPast = "past_key_values.";
inline constexpr std::string_view kPresent = "present.";

/// Ends of the names of states that are not extended but given back whole, f32 [batch, ...]: the last tokens
/// that a convolution saw ("past_key_values.7.conv", [batch, tokens, channels]) and the matrix of each head
/// of the delta rule ("past_key_values.7.recurrent", [batch, heads, key size, value size]).
inline constexpr std::string_view kConvolutionState = ".conv";
inline constexpr std::string_view kRecurrentState = ".recurrent";
inline bool is_whole_state(std::string_view name) {
    return name.ends_with(kConvolutionState) || name.ends_with(kRecurrentState);
}

/// Key of a graph's rt_info, below "ovenbird": the layers' sliding windows ("0 4096 0 …", 0: all tokens).
inline constexpr const char* kSlidingWindows = "sliding_windows";

/// A Slice whose name begins so keeps the rows whose logits are wanted.
inline constexpr std::string_view kKeptRows = "kept_rows";

}  // namespace ovenbird
