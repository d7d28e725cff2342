#include "run/embed_text.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// The first columns, as long as the whole was where that is always 1.
void cut(std::vector<float>& values, int64_t length, bool normalized) {
    if (length == 0 || length == static_cast<int64_t>(values.size())) return;
    values.resize(static_cast<size_t>(length));
    if (!normalized) return;
    double squares = 0;
    for (const float value : values)
        squares += static_cast<double>(value) * value;
    const auto norm = static_cast<float>(std::sqrt(std::max(squares, 1e-24)));
    for (float& value : values)
        value /= norm;
}

// The text's own tokens lose their end; those around them stay.
std::vector<int64_t> truncated(const Tokenizer& tokenizer, const std::string& text,
                               std::vector<int64_t> whole, int64_t most) {
    const auto inner = tokenizer.encode(text, false);
    const auto begin = std::search(whole.begin(), whole.end(), inner.begin(), inner.end());
    const auto surplus = static_cast<ptrdiff_t>(whole.size()) - most;
    if (begin == whole.end() || surplus >= static_cast<ptrdiff_t>(inner.size()))
        fail(ErrorCode::usage, "the text cannot be truncated to {} tokens; shorten it", most);
    const auto end = begin + static_cast<ptrdiff_t>(inner.size());
    whole.erase(end - surplus, end);
    return whole;
}

}  // namespace

std::vector<int64_t> embedding_ids(const Tokenizer& tokenizer, const EmbeddingFacts& facts,
                                   const std::string& text, const EmbedWords& words, int64_t& dropped) {
    const std::string all = prompt_text(facts, words.prompt_name) + text;
    auto ids = tokenizer.encode(all, true);
    const auto count = static_cast<int64_t>(ids.size());
    const int64_t most = facts.most_tokens();
    dropped = std::max<int64_t>(0, count - most);
    if (count == 0) fail(ErrorCode::usage, "the text is empty: it has no tokens, and so no vector");
    if (count <= most) return ids;
    if (words.truncate) return truncated(tokenizer, all, std::move(ids), most);
    refuse_too_long(facts, count, words);
    return ids;
}

void refuse_too_long(const EmbeddingFacts& facts, int64_t tokens, const EmbedWords& words) {
    if (tokens <= facts.most_tokens()) return;
    fail(ErrorCode::usage,
         "the text has {} tokens, and the model was baked for {}; shorten or split it{}, or bake with a "
         "larger --seq-len if the model takes more",
         tokens, facts.most_tokens(),
         words.how_to_cut.empty() ? "" : fmt::format(", cut its end off ({})", words.how_to_cut));
}

Embedded embed_ids(EmbeddingEngine& engine, const std::vector<int64_t>& ids, const EmbedWords& words) {
    if (words.dimensions != 0) check_length(engine.facts(), words.dimensions);
    Embedded embedded{engine.embed(ids), static_cast<int64_t>(ids.size()), 0};
    cut(embedded.values, words.dimensions, engine.facts().normalized);
    return embedded;
}

Embedded embed_text(EmbeddingEngine& engine, const Tokenizer& tokenizer, const std::string& text,
                    const EmbedWords& words) {
    int64_t dropped = 0;
    Embedded embedded =
        embed_ids(engine, embedding_ids(tokenizer, engine.facts(), text, words, dropped), words);
    embedded.dropped_tokens = dropped;
    return embedded;
}

}  // namespace ovenbird
