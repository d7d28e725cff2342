#pragma once
// What a loaded tokenizer holds, shared by the tokenizer, its streaming decoder and constraints only.

#include <mutex>
#include <span>

#include "base/bridge_text.hpp"
#include "ovenbird_bridge.h"
#include "text/tokenizer.hpp"

namespace ovenbird {

struct TokenizerFree {
    void operator()(ObTokenizer* handle) const { ob_tokenizer_free(handle); }
};

struct TokenTreeFree {
    void operator()(ObTokenTree* tree) const { ob_token_tree_free(tree); }
};

struct Tokenizer::State {
    std::unique_ptr<ObTokenizer, TokenizerFree> handle;
    std::string origin;  // the file's name, for errors
    std::optional<std::string> bos, eos;
    int64_t pad_id = 0;
    std::vector<int64_t> eos_ids;
    mutable std::mutex tree_mutex;
    mutable std::unique_ptr<ObTokenTree, TokenTreeFree> made_tree;  // with the first constraint

    /// Adds an id that ends generation, once.
    void add_end(std::optional<int64_t> id);
    /// The token that the folder's chat template writes behind an assistant's message.
    std::optional<int64_t> end_of_turn(const std::filesystem::path& folder) const;
    /// OB_ID_… flags; 0 for what cannot be an id at all.
    uint32_t flags(int64_t id) const;
    /// Errors: invalid_input when the file's own decoder fails.
    std::string text_of(std::span<const uint32_t> ids, bool skip_special) const;
    /// The vocabulary's bytes, as constraints walk them. Errors: unsupported.
    const ObTokenTree* tree() const;
};

}  // namespace ovenbird
