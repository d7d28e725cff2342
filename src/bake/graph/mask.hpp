#pragma once
// Which keys a token may look at, as what attention adds to its scores.

#include <openvino/core/node_output.hpp>

namespace ovenbird {

/// Finite and far below any score, so that f16 devices see no infinity and a sum with a score cannot
/// overflow.
inline constexpr float kMasked = -32768.0F;

/// f32 [batch, 1, tokens, kept + tokens] from attention_mask (i64 [batch, kept + tokens], 1 for real tokens)
/// and position_ids (i64 [batch, tokens]): 0 where a token may look, kMasked elsewhere. A token's place is
/// its place in the mask. `window` 0: causal only.
ov::Output<ov::Node> causal_mask(const ov::Output<ov::Node>& attention_mask,
                                 const ov::Output<ov::Node>& position_ids, int64_t window);

/// Without a cache, where tokens see those behind them, too: real ones less than `window` places away on
/// either side; 0: all real ones.
ov::Output<ov::Node> two_way_mask(const ov::Output<ov::Node>& attention_mask, int64_t window);

/// The same as causal_mask() for a static cache, whose shapes are numbers: attention_mask [1, past + tokens].
/// The cache's `past` places are positions; the new tokens lie behind them, wherever their positions are.
ov::Output<ov::Node> static_cache_mask(const ov::Output<ov::Node>& attention_mask,
                                       const ov::Output<ov::Node>& position_ids, int64_t window);

}  // namespace ovenbird
