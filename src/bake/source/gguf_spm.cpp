#include <vector>

#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "base/error.hpp"

namespace ovenbird {

std::vector<Merge> derive_spm_merges(const GgufMetadata& metadata, const Vocabulary& vocabulary) {
    const GgufFloats* scores = metadata.floats("tokenizer.ggml.scores");
    if (scores == nullptr || scores->size() != vocabulary.tokens.size()) {
        fail(ErrorCode::invalid_input, "{}: metadata tokenizer.ggml.scores has {} elements for {} tokens",
             metadata.origin(), scores == nullptr ? 0 : scores->size(), vocabulary.tokens.size());
    }
    // Only normal pieces take part: control tokens are never spelt out of letters.
    std::unordered_map<std::string_view, int64_t> normal;
    for (const auto& [text, id] : vocabulary.ids) {
        if (vocabulary.kinds[static_cast<size_t>(id)] == TokenKind::normal) normal.emplace(text, id);
    }
    std::vector<Merge> merges;
    for (const auto& [left, right] : derive_merges(vocabulary.tokens, *scores, normal, metadata.origin()))
        merges.push_back({left, right});
    return merges;
}

}  // namespace ovenbird
