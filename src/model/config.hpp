#pragma once
// What a decoder-only language model is made of, as typed values that bake and run share.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ovenbird {

/// Rotary position embedding (Su et al., "RoFormer", 2021) and its scalings, as transformers computes them.
struct RopeConfig {
    /// `dynamic`: theta grows with the sequence (NTK). `yarn`: long waves are divided by the factor, short
    /// ones kept, those between blended (Peng et al., arXiv:2309.00071). `longrope`: each frequency is
    /// divided by its own factor, of one list for short sequences and of another for long ones (Ding et al.,
    /// arXiv:2402.13753). `factors`: one such list for all, stored as a tensor (GGUF's rope_freqs.weight).
    /// `proportional`: the first pairs of a head turn, by frequencies of the whole head, the others stand
    /// still.
    enum class Scaling { none, linear, dynamic, yarn, longrope, llama3, factors, proportional };
    double theta = 10000.0;
    Scaling scaling = Scaling::none;
    double factor = 1.0;                  // all but none, longrope and factors
    double low_freq_factor = 1.0;         // llama3
    double high_freq_factor = 4.0;        // llama3
    int64_t original_context = 0;         // tokens; llama3, yarn, longrope, dynamic: before it was stretched
    double beta_fast = 32.0;              // yarn: waves that turn so often within original_context are kept
    double beta_slow = 1.0;               // yarn: those that turn so seldom are divided
    bool truncate = true;                 // yarn: the blend begins and ends at whole pairs
    double attention_factor = 1.0;        // yarn, longrope: cosine and sine are multiplied by it
    std::vector<double> short_factors{};  // longrope, half the turned columns; empty: tensors
    std::vector<double> long_factors{};
    int64_t turning_pairs = 0;  // proportional
    /// Columns of each head that are turned, from the first on; 0: all. Frequencies are reckoned of as many.
    int64_t rotary_size = 0;
    /// Tokens of the longest sequence that one table is made for: dynamic and longrope choose by it.
    int64_t sequence = 0;

    int64_t turned_of(int64_t head_size) const { return rotary_size == 0 ? head_size : rotary_size; }
    /// Whether a sequence of `sequence` tokens is longer than the model's original context.
    bool is_long() const { return sequence > original_context; }
    bool operator==(const RopeConfig&) const = default;
};

/// What the MLP's gate (or what goes up, where there is no gate) passes: x * sigmoid(x), GELU with the error
/// function or with tanh, max(x, 0)².
enum class Activation { silu, gelu, gelu_tanh, relu_squared };

/// What the norms of the stream are: root-mean-square norms, or those that subtract the mean first (Ba et
/// al., arXiv:1607.06450).
enum class NormKind { rms, layer };

/// Queries of later positions grow: they are multiplied by 1 + beta * ln(1 + floor(position / context)).
struct QueryGrowth {
    double beta = 0;
    int64_t context = 0;  // tokens
};

/// How the tokens of a layer learn of each other. A short convolution sees the few tokens before each; the
/// gated delta rule (Yang et al., arXiv:2412.06464) keeps a matrix for each head that every token changes.
/// Both keep a state of one size, however long the text is.
enum class Mixer { attention, short_convolution, delta_rule };

/// Sizes of the gated delta rule. Heads of keys are repeated for those of values: each as often as it is
/// shared, one behind the other, or (tiled) all of them in turn.
struct DeltaRuleConfig {
    int64_t key_heads = 0;
    int64_t value_heads = 0;
    int64_t key_size = 0;  // of a head
    int64_t value_size = 0;
    bool tiled = false;          // llama.cpp's order
    bool stores_fading = false;  // A_log is -exp(A_log) already

    int64_t keys() const { return key_heads * key_size; }
    int64_t values() const { return value_heads * value_size; }
    int64_t mixed() const { return 2 * keys() + values(); }  // queries, keys and values
};

/// What one layer has for itself; what all layers have alike is in ModelConfig.
struct LayerConfig {
    Mixer mixer = Mixer::attention;
    int64_t sliding_window = 0;  // how many positions back a token sees, itself included; 0: all
    bool rotary = true;          // queries and keys are turned by their positions
    bool local_rope = false;     // by the model's local_rope
    int64_t kv_heads = 0;        // these three, where they are not the model's; 0: they are
    int64_t head_size = 0;
    int64_t intermediate_size = 0;
    bool keys_as_values = false;  // values are projected as keys are (and not turned)
    int64_t keys_of = -1;         // the earlier layer whose keys and values it reads; -1: it has its own
};

/// What each layer reads of the token itself (gemma4): a row of a table of its own, added to a projection of
/// the token's embedding.
struct LayerInputConfig {
    int64_t size = 0;        // values a layer
    int64_t vocab_size = 0;  // rows of the table
};

/// One decoder-only transformer. Sizes are checked by validate().
struct ModelConfig {
    std::string model_type;
    int64_t hidden_size = 0;
    int64_t intermediate_size = 0;
    int64_t heads = 0;
    int64_t kv_heads = 0;
    int64_t head_size = 0;
    int64_t vocab_size = 0;
    int64_t max_positions = 0;
    double norm_eps = 1e-6;
    NormKind norm = NormKind::rms;
    bool norm_bias = false;
    RopeConfig rope;
    std::optional<RopeConfig> local_rope;  // of the layers that name it
    Activation activation = Activation::silu;
    bool tied_embeddings = false;
    bool qkv_bias = false;     // biases on query, key and value
    bool output_bias = false;  // bias on the attention's output projection
    bool mlp_bias = false;
    bool gated = true;                 // down(activation(gate(x)) * up(x)), else down(activation(up(x)))
    bool parallel = false;             // attention and MLP read the stream through one norm (cohere)
    bool qk_norm = false;              // RMS norm over each head's query and key (qwen3)
    bool qk_norm_whole = false;        // it is over all heads at once (olmo2)
    bool qk_norm_behind_rope = false;  // it follows the rotary embedding (hunyuan)
    bool value_norm = false;           // of each head's value, without a weight (gemma4)
    bool norms_before = true;          // norm of what attention and MLP read of the stream
    bool norms_behind = false;         // norm of what attention and MLP add to the stream (gemma2)
    std::optional<QueryGrowth> query_growth;
    double embedding_multiplier = 1.0;  // of what is looked up
    double residual_multiplier = 1.0;   // of what attention and MLP add to the stream
    double logits_divisor = 1.0;
    std::optional<double> attention_multiplier;  // of the scores; nothing: 1 / sqrt(head_size)
    double attention_softcap = 0;                // scores become cap * tanh(score / cap); 0: they do not
    double logits_softcap = 0;                   // the same of the logits
    bool output_gate = false;      // what attention gives is multiplied by the sigmoid of a gate (qwen3_5)
    int64_t convolution_size = 0;  // tokens that a convolution sees, the one itself included
    bool convolution_bias = false;
    DeltaRuleConfig delta_rule;    // of the layers that name it
    LayerInputConfig layer_input;  // size 0: layers read none
    bool layer_scalar = false;     // the stream behind each layer is multiplied by a number of its own
    std::vector<LayerConfig> layers;

    int64_t layer_count() const { return static_cast<int64_t>(layers.size()); }
    /// Whether every layer keeps keys and values, and nothing else.
    bool has_attention_only() const;
    /// The same model with the sizes that this layer has.
    ModelConfig of_layer(int64_t layer) const;
    /// Values of a head that is turned by `rope` or, `local`, by `local_rope`.
    int64_t turned_head_size(bool local) const;
    /// What keeps its layers from being run one by one, calibrated or rotated; null: nothing.
    const char* why_not_apart() const;
};

/// Throws invalid_input (naming `origin` and the field) when sizes are zero, negative, absurdly large or do
/// not divide (heads by kv_heads, head_size odd).
void validate(const ModelConfig& config, const std::string& origin);

/// Tokens that the model can be asked for: max_positions, or what its rope scaling stretches it to (dynamic,
/// yarn: such a config.json often names the original context only).
int64_t reachable_positions(const ModelConfig& config);

/// The layers' sliding windows as a graph's rt_info tells them: "0 4096 0 …".
std::string sliding_windows_text(const ModelConfig& config);
std::vector<int64_t> read_sliding_windows(const std::string& text);

}  // namespace ovenbird
