#pragma once
// What one static graph with a key/value cache computes: so many new tokens behind so many kept ones.

#include <cstdint>
#include <string>

namespace ovenbird {

/// Tokens of a prompt that a prefill graph takes at once.
inline constexpr int64_t kChunkTokens = 128;

/// Rows of logits that a graph for drafts gives: a token, and the drafts behind it.
inline constexpr int64_t kDraftRows = 8;
inline constexpr int64_t kDraftTokens = kDraftRows - 1;

/// Smallest context of graphs with a cache: a chunk of prefill and as much again.
inline constexpr int64_t kSmallestContext = 256;

struct Step {
    std::string name;       // "decode_256"
    int64_t tokens = 0;     // new tokens a run
    int64_t past = 0;       // tokens that the cache's inputs hold
    int64_t context = 0;    // longest sequence that it is for
    bool all_rows = false;  // logits [1, tokens, V] instead of [1, 1, V]
};

}  // namespace ovenbird
