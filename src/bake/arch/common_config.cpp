#include "bake/arch/common_config.hpp"

#include "bake/arch/rope_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

Activation read_activation(const JsonObject& config, const CommonDefaults& defaults) {
    const auto name = config.text_or(defaults.activation_key, defaults.activation);
    if (name == "silu" || name == "swish") return Activation::silu;
    if (name == "gelu") return Activation::gelu;
    if (name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
    if (name == "relu2") return Activation::relu_squared;
    fail(ErrorCode::unsupported, "{}: {} '{}' is not known; known: silu, gelu, gelu_pytorch_tanh, relu2",
         config.origin(), defaults.activation_key, name);
}

}  // namespace

Json with_defaults(const JsonObject& config, const Json& defaults) {
    Json result = config.json();
    for (const auto& [key, value] : defaults.items())
        if (!result.contains(key)) result[key] = value;
    return result;
}

ModelConfig read_common_config(const JsonObject& config, const CommonDefaults& defaults) {
    ModelConfig model;
    model.activation = read_activation(config, defaults);
    model.model_type = config.text("model_type");
    model.hidden_size = config.integer("hidden_size");
    model.intermediate_size = config.integer("intermediate_size");
    const int64_t layers = config.integer("num_hidden_layers");
    model.heads = config.integer("num_attention_heads");
    model.kv_heads = config.integer_or("num_key_value_heads", model.heads);
    int64_t head_size = defaults.head_size;
    if (head_size == 0 && model.heads > 0) head_size = model.hidden_size / model.heads;
    model.head_size = config.integer_or("head_dim", head_size);
    model.vocab_size = config.integer("vocab_size");
    model.max_positions = config.integer_or("max_position_embeddings", 2048);
    model.norm_eps = config.number_or(defaults.norm_eps_key, defaults.norm_eps);
    model.tied_embeddings = config.boolean_or("tie_word_embeddings", defaults.tied_embeddings);
    model.rope = read_rope(
        config, {defaults.rope_theta, model.head_size, model.max_positions, defaults.partial_rotary});
    // Checked here too because validate() runs after the vector exists.
    if (layers < 1 || layers > 4096) {
        fail(ErrorCode::invalid_input, "{}: num_hidden_layers is {}, expected 1 to 4096", config.origin(),
             layers);
    }
    model.layers.resize(static_cast<size_t>(layers));
    return model;
}

std::optional<Json> text_part(const JsonObject& config, const char* type, bool tied) {
    const auto text = config.object("text_config");
    if (!text) return std::nullopt;
    const auto own_type = text->text_or("model_type", type);
    if (own_type != type) {
        fail(ErrorCode::unsupported, "{}: text_config's model_type is '{}', expected {}", config.origin(),
             own_type, type);
    }
    Json own = text->json();
    if (!own.contains("model_type")) own["model_type"] = type;
    if (!own.contains("tie_word_embeddings"))
        own["tie_word_embeddings"] = config.boolean_or("tie_word_embeddings", tied);
    return own;
}

void read_biases(ModelConfig& model, const JsonObject& config) {
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.mlp_bias = config.boolean_or("mlp_bias", false);
}

int64_t sliding_window_of(const JsonObject& config, int64_t absent) {
    return config.json().contains("sliding_window") ? config.integer_or("sliding_window", 0) : absent;
}

const Json* layer_list(const ModelConfig& model, const JsonObject& config, const char* key,
                       bool may_be_longer) {
    if (!config.has(key)) return nullptr;
    const Json& list = config.json().at(key);
    const bool fits = list.is_array() && (list.size() == model.layers.size() ||
                                          (may_be_longer && list.size() > model.layers.size()));
    if (!fits) {
        fail(ErrorCode::invalid_input, "{}: {} must list {} layers", config.origin(), key,
             model.layers.size());
    }
    return &list;
}

void apply_sliding_pattern(ModelConfig& model, const JsonObject& config, int64_t window, int64_t period) {
    if (config.has("layer_types")) return apply_sliding_window(model, config, window, 0);
    for (size_t layer = 0; layer < model.layers.size(); ++layer)
        model.layers[layer].sliding_window = (static_cast<int64_t>(layer) + 1) % period != 0 ? window : 0;
}

void apply_sliding_window(ModelConfig& model, const JsonObject& config, int64_t window,
                          int64_t first_sliding_layer) {
    const Json* types = layer_list(model, config, "layer_types");
    for (size_t layer = 0; layer < model.layers.size(); ++layer) {
        bool slides = static_cast<int64_t>(layer) >= first_sliding_layer;
        if (types != nullptr) {
            const Json& type = types->at(layer);
            const std::string name = type.is_string() ? type.get<std::string>() : type.dump();
            if (name != "sliding_attention" && name != "full_attention") {
                fail(ErrorCode::unsupported,
                     "{}: layer_types[{}] is '{}'; known: full_attention, sliding_attention", config.origin(),
                     layer, name);
            }
            slides = name == "sliding_attention";
        }
        model.layers[layer].sliding_window = slides ? window : 0;
    }
}

}  // namespace ovenbird
