#include "model/config.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// Far above any model that exists, low enough that products of two of them cannot overflow 64 bits.
constexpr int64_t kMaxSize = int64_t{1} << 27;
constexpr int64_t kMaxLayers = 4096;

void check_size(const std::string& origin, const char* field, int64_t value, int64_t limit = kMaxSize) {
    if (value >= 1 && value <= limit) return;
    fail(ErrorCode::invalid_input, "{}: {} is {}, expected 1 to {}; is this the config.json of the model?",
         origin, field, value, limit);
}

void check_multiplier(const std::string& origin, const char* field, double value) {
    if (std::isfinite(value) && value > 0) return;
    fail(ErrorCode::invalid_input, "{}: {} is {}, expected a positive number", origin, field, value);
}

void check_softcap(const std::string& origin, const char* field, double value) {
    if (std::isfinite(value) && value >= 0) return;
    fail(ErrorCode::invalid_input, "{}: {} is {}, expected a positive number or null", origin, field, value);
}

void check_rope(const std::string& origin, const RopeConfig& rope) {
    if (rope.theta > 1 && rope.factor > 0) return;
    fail(ErrorCode::invalid_input, "{}: rope_theta {} or rope scaling factor {} is not a positive number",
         origin, rope.theta, rope.factor);
}

void check_states(const ModelConfig& config, const std::string& origin) {
    if (config.has_attention_only()) return;
    check_size(origin, "the number of tokens that a convolution sees", config.convolution_size, 64);
    if (config.convolution_size < 2) {
        fail(ErrorCode::unsupported, "{}: a convolution that sees one token is not one that Ovenbird knows",
             origin);
    }
    const bool has_rule =
        std::any_of(config.layers.begin(), config.layers.end(),
                    [](const LayerConfig& layer) { return layer.mixer == Mixer::delta_rule; });
    if (!has_rule) return;
    const DeltaRuleConfig& rule = config.delta_rule;
    check_size(origin, "linear_num_key_heads", rule.key_heads, 65536);
    check_size(origin, "linear_num_value_heads", rule.value_heads, 65536);
    check_size(origin, "linear_key_head_dim", rule.key_size, 65536);
    check_size(origin, "linear_value_head_dim", rule.value_size, 65536);
    if (rule.value_heads % rule.key_heads == 0) return;
    fail(ErrorCode::invalid_input,
         "{}: linear_num_value_heads {} is not a multiple of linear_num_key_heads {}", origin,
         rule.value_heads, rule.key_heads);
}

void check_heads(const std::string& origin, int64_t heads, int64_t kv_heads, int64_t head_size) {
    if (heads % kv_heads != 0) {
        fail(ErrorCode::invalid_input,
             "{}: num_attention_heads {} is not a multiple of num_key_value_heads {}", origin, heads,
             kv_heads);
    }
    if (head_size % 2 != 0) {
        fail(ErrorCode::invalid_input, "{}: head_dim {} is odd; rotary embeddings turn pairs", origin,
             head_size);
    }
}

void check_own_sizes(const ModelConfig& config, const std::string& origin) {
    for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
        const LayerConfig& sizes = config.layers[static_cast<size_t>(layer)];
        if (sizes.kv_heads == 0 && sizes.head_size == 0 && sizes.intermediate_size == 0) continue;
        const ModelConfig own = config.of_layer(layer);
        check_size(origin, "intermediate_size", own.intermediate_size);
        check_size(origin, "num_global_key_value_heads", own.kv_heads, 65536);
        check_size(origin, "global_head_dim", own.head_size, 65536);
        check_heads(origin, own.heads, own.kv_heads, own.head_size);
    }
    if (config.layer_input.size == 0) return;
    check_size(origin, "hidden_size_per_layer_input", config.layer_input.size, 65536);
    check_size(origin, "vocab_size_per_layer_input", config.layer_input.vocab_size);
}

}  // namespace

int64_t reachable_positions(const ModelConfig& config) {
    const RopeConfig& rope = config.rope;
    const bool stretches =
        rope.scaling == RopeConfig::Scaling::dynamic || rope.scaling == RopeConfig::Scaling::yarn;
    if (!stretches) return config.max_positions;
    const double reached = std::min(rope.factor * static_cast<double>(rope.original_context), 0x1p31);
    return std::max(config.max_positions, static_cast<int64_t>(reached));
}

bool ModelConfig::has_attention_only() const {
    return std::all_of(layers.begin(), layers.end(),
                       [](const LayerConfig& layer) { return layer.mixer == Mixer::attention; });
}

ModelConfig ModelConfig::of_layer(int64_t layer) const {
    ModelConfig own = *this;
    const LayerConfig& sizes = layers[static_cast<size_t>(layer)];
    if (sizes.kv_heads > 0) own.kv_heads = sizes.kv_heads;
    if (sizes.head_size > 0) own.head_size = sizes.head_size;
    if (sizes.intermediate_size > 0) own.intermediate_size = sizes.intermediate_size;
    return own;
}

int64_t ModelConfig::turned_head_size(bool local) const {
    for (const LayerConfig& layer : layers) {
        const bool turned = layer.mixer == Mixer::attention && layer.rotary && layer.local_rope == local;
        if (turned && layer.head_size > 0) return layer.head_size;
    }
    return head_size;
}

const char* ModelConfig::why_not_apart() const {
    if (!has_attention_only()) return "layers that do not attend";
    if (layer_input.size > 0) return "layers that read tables of their own";
    for (const LayerConfig& layer : layers) {
        if (layer.keys_of >= 0) return "layers that read the keys of others";
        if (layer.head_size > 0 || layer.kv_heads > 0 || layer.intermediate_size > 0)
            return "layers of different sizes";
    }
    return layer_scalar ? "a factor of the stream behind each layer" : nullptr;
}

void validate(const ModelConfig& config, const std::string& origin) {
    check_size(origin, "hidden_size", config.hidden_size);
    check_size(origin, "intermediate_size", config.intermediate_size);
    check_size(origin, "num_hidden_layers", config.layer_count(), kMaxLayers);
    check_size(origin, "num_attention_heads", config.heads, 65536);
    check_size(origin, "num_key_value_heads", config.kv_heads, 65536);
    check_size(origin, "head_dim", config.head_size, 65536);
    check_size(origin, "vocab_size", config.vocab_size);
    check_size(origin, "max_position_embeddings", config.max_positions, int64_t{1} << 31);
    check_heads(origin, config.heads, config.kv_heads, config.head_size);
    if (!(config.norm_eps > 0 && config.norm_eps < 1)) {
        fail(ErrorCode::invalid_input, "{}: rms_norm_eps is {}, expected a small positive number", origin,
             config.norm_eps);
    }
    check_rope(origin, config.rope);
    if (config.local_rope) check_rope(origin, *config.local_rope);
    check_multiplier(origin, "embedding_multiplier", config.embedding_multiplier);
    check_multiplier(origin, "residual_multiplier", config.residual_multiplier);
    check_multiplier(origin, "attention_multiplier", config.attention_multiplier.value_or(1.0));
    check_multiplier(origin, "logits_scaling", config.logits_divisor);
    check_softcap(origin, "attn_logit_softcapping", config.attention_softcap);
    check_softcap(origin, "final_logit_softcapping", config.logits_softcap);
    check_states(config, origin);
    check_own_sizes(config, origin);
    for (const LayerConfig& layer : config.layers) {
        if (layer.sliding_window >= 0) continue;
        fail(ErrorCode::invalid_input, "{}: sliding_window {} is negative", origin, layer.sliding_window);
    }
}

std::vector<int64_t> read_sliding_windows(const std::string& text) {
    std::istringstream words(text);
    std::vector<int64_t> windows;
    for (int64_t window = 0; words >> window;)
        windows.push_back(window);
    return windows;
}

std::string sliding_windows_text(const ModelConfig& config) {
    std::string text;
    for (const auto& layer : config.layers)
        text += fmt::format("{}{}", text.empty() ? "" : " ", layer.sliding_window);
    return text;
}

}  // namespace ovenbird
