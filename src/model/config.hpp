#pragma once
// What a decoder-only language model is made of, as typed values that bake and run share.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ovenbird {

/// Rotary position embedding (Su et al., "RoFormer", 2021) and its scalings.
struct RopeConfig {
    /// `factors`: each frequency is divided by its own factor, stored as a tensor (GGUF's rope_freqs.weight).
    enum class Scaling { none, linear, llama3, factors };
    double theta = 10000.0;
    Scaling scaling = Scaling::none;
    double factor = 1.0;            // linear and llama3
    double low_freq_factor = 1.0;   // llama3
    double high_freq_factor = 4.0;  // llama3
    int64_t original_context = 0;   // llama3: original_max_position_embeddings
};

/// What one layer has for itself; what all layers have alike is in ModelConfig.
struct LayerConfig {
    int64_t sliding_window = 0;  // how many positions back a token sees, itself included; 0: all
    bool rotary = true;          // queries and keys are turned by their positions
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
    double rms_norm_eps = 1e-6;
    RopeConfig rope;
    bool tied_embeddings = false;
    bool qkv_bias = false;     // biases on query, key and value
    bool output_bias = false;  // bias on the attention's output projection
    bool mlp_bias = false;
    bool qk_norm = false;               // RMS norm over each head's query and key (qwen3)
    double embedding_multiplier = 1.0;  // of what is looked up
    double residual_multiplier = 1.0;   // of what attention and MLP add to the stream
    double logits_divisor = 1.0;
    std::optional<double> attention_multiplier;  // of the scores; nothing: 1 / sqrt(head_size)
    std::vector<LayerConfig> layers;

    int64_t layer_count() const { return static_cast<int64_t>(layers.size()); }
};

/// Throws invalid_input (naming `origin` and the field) when sizes are zero, negative, absurdly large or do
/// not divide (heads by kv_heads, head_size odd).
void validate(const ModelConfig& config, const std::string& origin);

/// The layers' sliding windows as a graph's rt_info tells them: "0 4096 0 …".
std::string sliding_windows_text(const ModelConfig& config);
std::vector<int64_t> read_sliding_windows(const std::string& text);

}  // namespace ovenbird
