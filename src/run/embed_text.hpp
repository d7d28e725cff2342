#pragma once
// From a text to its vector: prompt, tokens, the limit, the engine, the length that is wanted.

#include <optional>
#include <string>
#include <vector>

#include "run/embedding_engine.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

struct EmbedWords {
    std::optional<std::string> prompt_name{};  // of the model's prompts; none: its default
    bool truncate = false;                     // a text beyond the limit loses its end, else it is refused
    int64_t dimensions = 0;                    // columns that are kept; 0: all
    /// What makes it lose its end, told with one that is refused; empty: nothing does.
    std::string how_to_cut = "--truncate";
};

struct Embedded {
    std::vector<float> values;
    int64_t tokens = 0;
    int64_t dropped_tokens = 0;
};

/// The tokens of a text behind its prompt, with those that the tokenizer puts around it: at most `most` of
/// them when it is to be truncated, and the ones around it stay. `dropped` hears how many are gone. Errors:
/// usage, saying the limit.
std::vector<int64_t> embedding_ids(const Tokenizer& tokenizer, const EmbeddingFacts& facts,
                                   const std::string& text, const EmbedWords& words, int64_t& dropped);

/// Errors: usage, saying the limit.
void refuse_too_long(const EmbeddingFacts& facts, int64_t tokens, const EmbedWords& words);

/// Errors: usage (too long, empty, no such prompt, a length that the model was not trained for), and those of
/// EmbeddingEngine::embed().
Embedded embed_text(EmbeddingEngine& engine, const Tokenizer& tokenizer, const std::string& text,
                    const EmbedWords& words);
Embedded embed_ids(EmbeddingEngine& engine, const std::vector<int64_t>& ids, const EmbedWords& words);

}  // namespace ovenbird
