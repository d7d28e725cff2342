#include "bake/arch/embedder_body.hpp"

#include <algorithm>
#include <array>

#include "bake/arch/architecture.hpp"
#include "bake/arch/nomic_body.hpp"
#include "bake/arch/rope_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kGemma = "gemma3_text";
constexpr const char* kNomic = "nomic_bert";
constexpr const char* kTwoWay = "use_bidirectional_attention";
constexpr std::array<std::string_view, 5> kEncoders{"bert", "camembert", "nomic_bert", "roberta",
                                                    "xlm-roberta"};

std::string type_of(const Json& config) {
    const auto type = config.find("model_type");
    return type != config.end() && type->is_string() ? type->get<std::string>() : "";
}

Activation read_activation(const JsonObject& config, const char* key, const char* absent) {
    const auto name = config.text_or(key, absent);
    if (name == "gelu") return Activation::gelu;
    if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
    if (name == "silu" || name == "swish") return Activation::silu;
    fail(ErrorCode::unsupported, "{}: {} is '{}'; known for encoders: gelu, gelu_new, silu", config.origin(),
         key, name);
}

void refuse_other_positions(const JsonObject& config) {
    const auto positions = config.text_or("position_embedding_type", "absolute");
    if (positions != "absolute")
        fail(ErrorCode::unsupported, "{}: position_embedding_type is '{}'; known: absolute", config.origin(),
             positions);
    if (config.boolean_or("is_decoder", false) || config.boolean_or("add_cross_attention", false))
        fail(ErrorCode::unsupported, "{}: is_decoder or add_cross_attention: it is no encoder",
             config.origin());
}

ModelConfig read_sizes(const JsonObject& config, const std::string& type) {
    ModelConfig model;
    model.model_type = type;
    model.hidden_size = config.integer_or("hidden_size", 768);
    model.intermediate_size = config.integer_or("intermediate_size", 3072);
    model.heads = config.integer_or("num_attention_heads", 12);
    model.kv_heads = model.heads;
    model.head_size = model.heads > 0 ? model.hidden_size / model.heads : 0;
    model.vocab_size = config.integer("vocab_size");
    model.norm_eps = config.number_or("layer_norm_eps", 1e-12);
    model.layers.resize(static_cast<size_t>(config.integer_in("num_hidden_layers", 1, 4096)));
    if (model.head_size * model.heads != model.hidden_size)
        fail(ErrorCode::invalid_input, "{}: {} heads do not divide a hidden_size of {}", config.origin(),
             model.heads, model.hidden_size);
    return model;
}

EmbedderBody read_encoder(const JsonObject& config, const std::string& type) {
    refuse_other_positions(config);
    EmbedderBody body;
    body.kind = EmbedderBody::Kind::bert;
    body.two_way = true;
    body.model = read_sizes(config, type);
    body.model.activation = read_activation(config, "hidden_act", "gelu");
    body.model.max_positions = config.integer_or("max_position_embeddings", 512);
    body.token_types = config.integer_in("type_vocab_size", 1, 1 << 20);
    if (type != "bert")  // counted from behind the padding's own row
        body.first_position = config.integer_or("pad_token_id", 1) + 1;
    if (body.first_position < 0 || body.most_tokens() < 1)
        fail(ErrorCode::invalid_input, "{}: {} positions, of which the first {} are not for tokens",
             config.origin(), body.model.max_positions, body.first_position);
    return body;
}

void read_lengths(EmbedderBody& body, const JsonObject& config) {
    if (config.has("matryoshka_dimensions")) {
        for (const double length : config.numbers("matryoshka_dimensions"))
            if (length >= 1 && length <= 1e6) body.lengths.push_back(static_cast<int64_t>(length));
        std::sort(body.lengths.begin(), body.lengths.end());
        if (!body.lengths.empty()) body.shortest = body.lengths.front();
    } else if (config.boolean_or("is_matryoshka", false)) {
        body.shortest = 1;
    } else if (body.model.model_type == kGemma) {  // as their makers say
        body.lengths = {128, 256, 512, 768};
        body.shortest = 128;
    } else if (body.model.model_type == "qwen3") {
        body.shortest = 32;
    }
}

EmbedderBody read_decoder(const JsonObject& config) {
    Json causal = config.json();
    EmbedderBody body;
    body.two_way = type_of(causal) == kGemma && config.boolean_or(kTwoWay, false);
    if (body.two_way) causal[kTwoWay] = false;
    if (!config.boolean_or("is_causal", true))
        fail(ErrorCode::unsupported,
             "{}: is_causal is false: tokens see those behind them, which is known of Gemma 3's embedders "
             "only",
             config.origin());
    body.model = read_model_config(causal, config.origin());
    body.model.tied_embeddings = true;  // there is no head
    if (!body.two_way) return body;
    // transformers halves the window of a model that looks both ways.
    for (LayerConfig& layer : body.model.layers)
        if (layer.sliding_window > 0) layer.sliding_window = layer.sliding_window / 2 + 1;
    return body;
}

}  // namespace

bool is_encoder(const Json& config) {
    const auto type = type_of(config);
    return std::find(kEncoders.begin(), kEncoders.end(), type) != kEncoders.end();
}

EmbedderBody read_embedder_body(const Json& config, const std::string& origin) {
    const JsonObject object(config, origin);
    const auto type = object.text("model_type");
    EmbedderBody body;
    if (type == kNomic) {
        body = read_nomic_body(object);
        validate(body.model, origin);
    } else if (is_encoder(config)) {
        body = read_encoder(object, type);
        validate(body.model, origin);
    } else {
        body = read_decoder(object);
    }
    read_lengths(body, object);
    return body;
}

}  // namespace ovenbird
