#pragma once
// What makes a model an embedder: a body that gives a row for each token, and how its rows become one vector.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "model/config.hpp"

namespace ovenbird {

inline constexpr const char* kEmbeddingKind = "embedding";    // "kind" in ovenbird.json
inline constexpr const char* kEmbeddingOutput = "embedding";  // f32 [1, dimension] of the graphs

/// Which rows count: the first token's, the last real one's, or all real ones' mean, sum over the square root
/// of how many there are, or largest values.
enum class Pooling { cls, last_token, mean, mean_sqrt_len, max };

/// As sentence-transformers names it: "cls", "lasttoken", "mean", "mean_sqrt_len_tokens", "max".
const char* pooling_name(Pooling pooling);
std::optional<Pooling> find_pooling(std::string_view name);

/// A linear layer behind the pooling; its tensors are NAME.linear.weight and NAME.linear.bias.
struct DenseLayer {
    enum class Activation { none, tanh, relu, gelu };
    std::string name;  // "2_Dense"
    int64_t inputs = 0;
    int64_t outputs = 0;
    bool bias = true;
    Activation activation = Activation::tanh;
};

/// What a folder says beside its config.json: sentence-transformers' modules and prompts.
struct EmbedderModules {
    Pooling pooling = Pooling::mean;
    std::vector<DenseLayer> dense;
    bool normalize = false;
    int64_t max_tokens = 0;                      // of a text; 0: as many as the body has positions
    std::map<std::string, std::string> prompts;  // what a text of a kind begins with
    std::string default_prompt;                  // the name of one; empty: none
    std::string similarity;                      // "cosine", …; empty: not said
};

/// The body. `two_way`: tokens see those behind them, too.
struct EmbedderBody {
    enum class Kind { decoder, bert, nomic_bert };
    Kind kind = Kind::decoder;
    ModelConfig model;  // rms_norm_eps is that of its norms, whatever they are
    bool two_way = false;
    int64_t first_position = 0;  // row of the first token in a table of positions
    int64_t token_types = 0;     // rows of the table of token types; 0: there is none
    /// Lengths that a vector may be cut to, as the model was trained (Kusupati et al., arXiv:2205.13147):
    /// from `shortest` on, of `lengths` only where it lists some. 0: none.
    int64_t shortest = 0;
    std::vector<int64_t> lengths;

    /// Tokens of the longest text.
    int64_t most_tokens() const { return model.max_positions - first_position; }
};

/// An embedder in ovenbird.json.
struct EmbeddingFacts {
    int64_t dimension = 0;
    std::vector<int64_t> buckets;  // tokens of each graph, ascending
    std::string pooling;
    bool normalized = false;
    std::map<std::string, std::string> prompts;
    std::string default_prompt;
    std::string similarity;
    int64_t shortest = 0;  // see EmbedderBody
    std::vector<int64_t> lengths;

    int64_t most_tokens() const { return buckets.back(); }
};

/// The graph for texts of at most so many tokens: the largest is openvino_model.xml, others are
/// "graphs/embed_64.xml".
std::string embedding_graph(const EmbeddingFacts& facts, int64_t bucket);

Json to_json(const EmbeddingFacts& facts);
/// Errors: invalid_input.
EmbeddingFacts read_embedding(const JsonObject& object);

/// Errors: usage, in words, when a vector may not be cut to `length`.
void check_length(const EmbeddingFacts& facts, int64_t length);

/// What a text begins with under a prompt's name; without one, the default's. Errors: usage, listing the
/// names that there are.
std::string prompt_text(const EmbeddingFacts& facts, const std::optional<std::string>& name);

}  // namespace ovenbird
