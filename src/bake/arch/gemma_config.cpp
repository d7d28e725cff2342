#include "bake/arch/gemma_config.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace ovenbird {

ModelConfig read_gemma(const JsonObject& config, const char* activation, double rope_theta) {
    if (config.boolean_or("use_bidirectional_attention", false)) {
        fail(ErrorCode::unsupported,
             "{}: use_bidirectional_attention is true: tokens see those behind them, as in an embedder; "
             "Ovenbird bakes models that write text",
             config.origin());
    }
    ModelConfig model = read_common_config(config, {.head_size = 256,
                                                    .rope_theta = rope_theta,
                                                    .tied_embeddings = true,
                                                    .activation_key = activation,
                                                    .activation = "gelu_pytorch_tanh"});
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.embedding_multiplier = std::sqrt(static_cast<double>(std::max<int64_t>(model.hidden_size, 1)));
    return model;
}

void add_norms_and_windows(ModelConfig& model, const JsonObject& config, int64_t period) {
    model.norms_behind = true;
    const double scalar = config.number_or("query_pre_attn_scalar", 256);
    if (!(scalar > 0)) {
        fail(ErrorCode::invalid_input, "{}: query_pre_attn_scalar is {}, expected a positive number",
             config.origin(), scalar);
    }
    model.attention_multiplier = 1.0 / std::sqrt(scalar);
    const int64_t window = sliding_window_of(config, 4096);
    apply_sliding_pattern(model, config, window, period);
}

double softcap_of(const JsonObject& config, const char* key, double absent) {
    return config.json().contains(key) ? config.number_or(key, 0) : absent;
}

void complete_gemma_gguf(Json& config, int64_t layers_of_27b) {
    config["hidden_act"] = "gelu_pytorch_tanh";
    config["hidden_activation"] = "gelu_pytorch_tanh";
    const auto number = [&](const char* key) { return config[key].get<int64_t>(); };
    const bool largest = number("num_hidden_layers") == layers_of_27b && number("num_attention_heads") > 0;
    config["query_pre_attn_scalar"] =
        largest ? number("hidden_size") / number("num_attention_heads") : number("head_dim");
}

}  // namespace ovenbird
