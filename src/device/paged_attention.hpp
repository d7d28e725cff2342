#pragma once
// A stateful decoder rewritten to keep keys and values in pages that the host owns (Kwon et al., 2023): the
// CPU device's fastest form, whose cache several compiled graphs share.

#include <memory>
#include <openvino/core/model.hpp>

namespace ovenbird {

/// Both take input_ids and position_ids (i64 [tokens]), past_lens (i32 [1]), subsequence_begins and
/// block_indices_begins (i32 [2]), block_indices (i32 [pages]), max_context_len (i32 []), key_cache.* and
/// value_cache.*; the output logits is f32 [rows, 1, V].
struct PagedGraphs {
    std::shared_ptr<ov::Model>
        chunk;  // any number of tokens; first_row (i64 [1]) says how many rows of logits
    std::shared_ptr<ov::Model> token;  // one token, every shape fixed: nothing is worked out again each time
};

/// Rewrites graphs/dynamic.xml (which is changed) for sequences of at most `pages` pages. Errors: unsupported
/// when OpenVINO finds no attention in it that it can rewrite.
PagedGraphs page_attention(const std::shared_ptr<ov::Model>& stateful, int64_t pages);

}  // namespace ovenbird
