#include "bake/arch/nomic_body.hpp"

#include <array>
#include <utility>

#include "bake/arch/rope_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr double kTheta = 1000.0;
// What its makers' keys are called in transformers.
constexpr std::array<std::pair<const char*, const char*>, 7> kOtherKeys{
    {{"n_embd", "hidden_size"},
     {"n_inner", "intermediate_size"},
     {"n_head", "num_attention_heads"},
     {"n_layer", "num_hidden_layers"},
     {"layer_norm_epsilon", "layer_norm_eps"},
     {"max_trained_positions", "max_position_embeddings"},
     {"rotary_emb_base", "rope_theta"}}};
constexpr std::array<const char*, 10> kNotBaked{"prenorm",
                                                "parallel_block",
                                                "causal",
                                                "use_rms_norm",
                                                "qkv_proj_bias",
                                                "mlp_fc1_bias",
                                                "mlp_fc2_bias",
                                                "rotary_emb_interleaved",
                                                "moe_every_n_layers",
                                                "rotary_emb_scale_base"};

Json with_usual_keys(const JsonObject& config) {
    Json usual = config.json();
    for (const auto& [other, key] : kOtherKeys)
        if (config.has(other) && !config.has(key)) usual[key] = usual[other];
    return usual;
}

void refuse_others(const JsonObject& config) {
    for (const char* key : kNotBaked) {
        if (!config.has(key)) continue;
        const Json& value = config.json().at(key);
        if (value == false || value == 0) continue;
        fail(ErrorCode::unsupported, "{}: {} is {}; Nomic's encoders are baked without", config.origin(), key,
             value.dump());
    }
    if (const double share = config.number_or("rotary_emb_fraction", 1); share != 1)
        fail(ErrorCode::unsupported, "{}: rotary_emb_fraction is {}; known: 1", config.origin(), share);
    const auto activation = config.text_or("activation_function", config.text_or("hidden_act", "silu"));
    if (activation != "swiglu" && activation != "silu")
        fail(ErrorCode::unsupported,
             "{}: the MLP's activation is '{}'; known for Nomic's encoders: swiglu, silu", config.origin(),
             activation);
}

}  // namespace

EmbedderBody read_nomic_body(const JsonObject& given) {
    refuse_others(given);
    const Json usual = with_usual_keys(given);
    const JsonObject config(usual, given.origin());
    EmbedderBody body;
    body.kind = EmbedderBody::Kind::nomic_bert;
    body.two_way = true;
    body.token_types = config.integer_in("type_vocab_size", 1, 1 << 20);
    ModelConfig& model = body.model;
    model.model_type = config.text("model_type");
    model.hidden_size = config.integer_or("hidden_size", 768);
    model.intermediate_size = config.integer_or("intermediate_size", 3072);
    model.heads = model.kv_heads = config.integer_or("num_attention_heads", 12);
    model.head_size = model.heads > 0 ? model.hidden_size / model.heads : 0;
    model.vocab_size = config.integer("vocab_size");
    model.norm_eps = config.number_or("layer_norm_eps", 1e-12);
    model.activation = Activation::silu;
    model.layers.resize(static_cast<size_t>(config.integer_in("num_hidden_layers", 1, 4096)));
    // Beyond what it was trained for, its makers turn by other angles.
    model.max_positions = config.integer_or("max_position_embeddings", 2048);
    if (model.head_size * model.heads != model.hidden_size ||
        config.integer_or("head_dim", model.head_size) != model.head_size)
        fail(ErrorCode::invalid_input, "{}: {} heads do not divide a hidden_size of {}", config.origin(),
             model.heads, model.hidden_size);
    model.rope = read_rope(config, {kTheta, model.head_size, model.max_positions, false});
    return body;
}

}  // namespace ovenbird
