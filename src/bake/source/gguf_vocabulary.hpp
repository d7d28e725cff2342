#pragma once
// The tokens of a GGUF tokenizer and the parts of tokenizer.json that are made from them. Inside this room
// only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bake/source/gguf_metadata.hpp"
#include "base/json.hpp"

namespace ovenbird {

/// ggml's token types.
enum class TokenKind : int64_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
};

struct Vocabulary {
    std::string origin;
    GgufStrings tokens;
    std::vector<TokenKind> kinds;
    /// The id that each text has. Of two equal texts a special one wins, then the first.
    std::unordered_map<std::string_view, int64_t> ids;
    std::optional<int64_t> bos, eos, unknown, pad;
    std::vector<int64_t> stops;  // every id that ends generation, eos first
    bool add_bos = false;
    bool add_eos = false;

    std::string text(int64_t id) const { return std::string(tokens[static_cast<size_t>(id)]); }
};

/// Token texts are matched before the text is split; special ones are hidden from the user when decoding.
inline bool is_special(TokenKind kind) {
    return kind == TokenKind::control || kind == TokenKind::unknown;
}
inline bool is_added(TokenKind kind) {
    return is_special(kind) || kind == TokenKind::user_defined;
}

/// All but add_bos and add_eos, whose defaults depend on the tokenizer. Errors: as make_gguf_tokenizer().
Vocabulary read_vocabulary(const GgufMetadata& metadata, int64_t rows);

/// One merge of a BPE tokenizer, as ids of its two parts.
struct Merge {
    int64_t left;
    int64_t right;
};

/// How a byte-level BPE splits text before merging.
struct PreTokenizer {
    Json normalizer;     // null: none
    Json pre_tokenizer;  // ends with the byte-level step
    bool ignore_merges = false;
    bool add_bos = false;  // unless the file says otherwise
};

/// Errors: unsupported, with the list of known names.
PreTokenizer gguf_pre_tokenizer(std::string_view name, const std::string& origin);

/// The merges of a "gpt2" tokenizer, each part and each result being in the vocabulary. Errors:
/// invalid_input.
std::vector<Merge> read_bpe_merges(const GgufMetadata& metadata, const Vocabulary& vocabulary);

/// The merges of a "llama" tokenizer, which has scores instead: SentencePiece always joins the neighbours
/// whose joint piece has the best score. Errors: invalid_input.
std::vector<Merge> derive_spm_merges(const GgufMetadata& metadata, const Vocabulary& vocabulary);

}  // namespace ovenbird
