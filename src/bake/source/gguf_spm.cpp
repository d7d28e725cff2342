#include <algorithm>
#include <cmath>
#include <tuple>

#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// SentencePiece's own limit is 16 characters; splitting is quadratic, so a lying file must not exceed it by
// much.
constexpr size_t kMaxPieceBytes = 512;

struct ScoredMerge {
    float score;
    Merge merge;
};

}  // namespace

std::vector<Merge> derive_spm_merges(const GgufMetadata& metadata, const Vocabulary& vocabulary) {
    const GgufFloats* scores = metadata.floats("tokenizer.ggml.scores");
    if (scores == nullptr || scores->size() != vocabulary.tokens.size()) {
        fail(ErrorCode::invalid_input, "{}: metadata tokenizer.ggml.scores has {} elements for {} tokens",
             metadata.origin(), scores == nullptr ? 0 : scores->size(), vocabulary.tokens.size());
    }
    // Only normal pieces take part: control tokens are never spelt out of letters.
    const auto piece = [&](std::string_view text) -> int64_t {
        const auto found = vocabulary.ids.find(text);
        if (found == vocabulary.ids.end()) return -1;
        return vocabulary.kinds[static_cast<size_t>(found->second)] == TokenKind::normal ? found->second : -1;
    };
    std::vector<ScoredMerge> found;
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const std::string_view text = vocabulary.tokens[id];
        if (piece(text) != static_cast<int64_t>(id)) continue;
        const float score = (*scores)[id];
        if (std::isnan(score) || text.size() > kMaxPieceBytes) {
            fail(ErrorCode::invalid_input, "{}: token {} '{}' has score {} and {} bytes", metadata.origin(),
                 id, printable(text), score, text.size());
        }
        for (size_t at = utf8_length(text, 0); at > 0 && at < text.size(); at += utf8_length(text, at)) {
            const int64_t left = piece(text.substr(0, at));
            const int64_t right = piece(text.substr(at));
            if (left >= 0 && right >= 0) found.push_back({score, {left, right}});
        }
    }
    std::sort(found.begin(), found.end(), [](const ScoredMerge& a, const ScoredMerge& b) {
        return std::make_tuple(-a.score, a.merge.left, a.merge.right) <
               std::make_tuple(-b.score, b.merge.left, b.merge.right);
    });
    std::vector<Merge> merges;
    merges.reserve(found.size());
    for (const ScoredMerge& entry : found)
        merges.push_back(entry.merge);
    return merges;
}

}  // namespace ovenbird
