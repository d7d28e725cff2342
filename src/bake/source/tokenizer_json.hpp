#pragma once
// The text of a tokenizer.json, put together from a vocabulary, merges and the steps around them. Inside this
// room only.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

inline constexpr const char* kSpaceMark = "\xE2\x96\x81";  // U+2581, the visible space

/// A token's text and id.
using NamedId = std::pair<std::string, int64_t>;
/// The texts of the two parts of a merge.
using MergeTexts = std::pair<std::string_view, std::string_view>;

/// One entry of added_tokens: matched as it stands, before the text is normalised and split.
Json added_token(int64_t id, std::string_view text, bool special);

/// [BOS] text [EOS], what encoding with special tokens adds; null where it adds nothing.
Json bos_eos_processor(const std::optional<NamedId>& bos, const std::optional<NamedId>& eos);

/// A byte-level step (pre-tokenizer or decoder).
Json byte_level_step(bool add_prefix_space, bool use_regex);
/// A step that lets every match of an expression stand alone.
Json split_step(std::string_view expression);

/// A BPE model without its vocabulary and merges.
struct BpeSettings {
    std::optional<std::string> unknown;
    bool byte_fallback = false;  // with it, neighbouring unknowns are one
    bool ignore_merges = false;  // a whole word that is a token is taken as it is
};
std::string bpe_model_text(const BpeSettings& settings,
                           std::span<const std::pair<std::string_view, int64_t>> tokens,
                           std::span<const MergeTexts> merges);

struct TokenizerParts {
    Json added_tokens = Json::array();
    Json normalizer;
    Json pre_tokenizer;
    Json post_processor;
    Json decoder;
    std::string model;
};
std::string tokenizer_json_text(const TokenizerParts& parts);

/// Where SentencePiece writes the mark of a space that the text does not have.
enum class PrefixRule {
    none,
    legacy,     // before the text, and again behind every added token in it
    beginning,  // before the text only
};
/// Sets the normalizer, the pre-tokenizer and the decoder of a SentencePiece tokenizer with byte fallback.
void set_spm_steps(TokenizerParts& parts, PrefixRule rule);

/// The merges of a vocabulary that has scores instead: SentencePiece always joins the neighbours whose joint
/// piece has the best score. Of equal scores the longer left part goes first, as transformers orders them.
/// `ids` has the pieces that take part. Returns pairs of ids. Errors: invalid_input (a score that is no
/// number, a piece of more than 512 bytes, which would take too long to split).
std::vector<std::pair<int64_t, int64_t>> derive_merges(
    std::span<const std::string_view> pieces, std::span<const float> scores,
    const std::unordered_map<std::string_view, int64_t>& ids, const std::string& origin);

}  // namespace ovenbird
