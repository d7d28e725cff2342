#include <algorithm>

#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kFull = "full_attention";
constexpr const char* kConvolution = "conv";

void refuse_others(const JsonObject& config) {
    for (const char* key : {"block_use_swiglu", "use_pos_enc"}) {
        if (config.boolean_or(key, true)) continue;
        fail(ErrorCode::unsupported, "{}: {} is false, which transformers' LFM2 does not honour",
             config.origin(), key);
    }
}

// Two thirds of what is written, up to whole blocks, unless it is meant as it stands.
int64_t intermediate_size(const JsonObject& config) {
    const char* key = config.has("block_ff_dim") ? "block_ff_dim" : "intermediate_size";
    int64_t size = config.integer_or(key, 12288);
    if (size < 1 || size > (int64_t{1} << 27))
        fail(ErrorCode::invalid_input, "{}: {} is {}, expected 1 to 134217728", config.origin(), key, size);
    if (!config.boolean_or("block_auto_adjust_ff_dim", true)) return size;
    size = 2 * size / 3;
    if (config.json().contains("block_ffn_dim_multiplier") && !config.has("block_ffn_dim_multiplier"))
        return size;
    const double factor = config.number_or("block_ffn_dim_multiplier", 1.0);
    const int64_t multiple = config.integer_or("block_multiple_of", 256);
    if (!(factor > 0 && factor < 1024) || multiple < 1 || multiple > (int64_t{1} << 20)) {
        fail(ErrorCode::invalid_input,
             "{}: block_ffn_dim_multiplier is {} and block_multiple_of {}, expected positive numbers",
             config.origin(), factor, multiple);
    }
    size = static_cast<int64_t>(factor * static_cast<double>(size));
    return (size + multiple - 1) / multiple * multiple;
}

Json settled(const JsonObject& config) {
    Json result = config.json();
    result["intermediate_size"] = intermediate_size(config);
    result["rms_norm_eps"] = config.number_or("norm_eps", 1e-5);
    const char* tie = config.has("tie_embedding") ? "tie_embedding" : "tie_word_embeddings";
    result["tie_word_embeddings"] = config.boolean_or(tie, true);
    if (!config.has("num_key_value_heads")) result["num_key_value_heads"] = 8;
    return result;
}

// layer_types, or the list of those that attend; every layer does where there is neither.
void settle_mixers(ModelConfig& model, const JsonObject& config) {
    const auto set = [&](size_t layer, bool attends) {
        model.layers[layer].mixer = attends ? Mixer::attention : Mixer::short_convolution;
    };
    if (const Json* types = layer_list(model, config, "layer_types")) {
        for (size_t layer = 0; layer < model.layers.size(); ++layer) {
            const Json& type = types->at(layer);
            if (type != kFull && type != kConvolution) {
                fail(ErrorCode::unsupported, "{}: layer_types[{}] is {}; known: {}, {}", config.origin(),
                     layer, type.dump(), kFull, kConvolution);
            }
            set(layer, type == kFull);
        }
        return;
    }
    if (!config.has("full_attn_idxs")) return;
    const Json& list = config.json().at("full_attn_idxs");
    const bool is_sound =
        list.is_array() && std::all_of(list.begin(), list.end(), [&](const Json& index) {
            return index.is_number_unsigned() && index.get<uint64_t>() < model.layers.size();
        });
    if (!is_sound) {
        fail(ErrorCode::invalid_input, "{}: full_attn_idxs must list layers below {}", config.origin(),
             model.layers.size());
    }
    for (size_t layer = 0; layer < model.layers.size(); ++layer)
        set(layer, std::find(list.begin(), list.end(), layer) != list.end());
}

// LFM2: most layers see the two tokens before each through a gated convolution, the others attend.
ModelConfig read_config(const JsonObject& config) {
    refuse_others(config);
    const Json whole = settled(config);
    ModelConfig model = read_common_config(JsonObject(whole, config.origin()), {.rope_theta = 1e6});
    model.qk_norm = true;
    model.convolution_size = config.integer_or("conv_L_cache", 3);
    model.convolution_bias = config.boolean_or("conv_bias", false);
    settle_mixers(model, config);
    return model;
}

constexpr FusedPart kGate[] = {{"mlp.gate_proj"}};
constexpr FusedPart kUp[] = {{"mlp.up_proj"}};
constexpr FusedPart kDown[] = {{"mlp.down_proj"}};
constexpr FusedPart kMixerNorm[] = {{"input_layernorm"}};
constexpr FusedPart kMlpNorm[] = {{"post_attention_layernorm"}};
constexpr FusedPart kOutput[] = {{"self_attn.o_proj"}};
constexpr FusedPart kQueryNorm[] = {{"self_attn.q_norm"}};
constexpr FusedPart kKeyNorm[] = {{"self_attn.k_norm"}};
constexpr FusedTensor kNames[] = {{"feed_forward.w1", kGate},
                                  {"feed_forward.w3", kUp},
                                  {"feed_forward.w2", kDown},
                                  {"operator_norm", kMixerNorm},
                                  {"ffn_norm", kMlpNorm},
                                  {"self_attn.out_proj", kOutput},
                                  {"self_attn.q_layernorm", kQueryNorm},
                                  {"self_attn.k_layernorm", kKeyNorm}};

constexpr GgufKey kGgufKeys[] = {{"shortconv.l_cache", "conv_L_cache", GgufKey::Kind::integer}};
constexpr GgufName kGgufNames[] = {{"shortconv.conv", "conv.conv"},
                                   {"shortconv.in_proj", "conv.in_proj"},
                                   {"shortconv.out_proj", "conv.out_proj"}};

// Sizes are written as they are; every projection of a convolution has a bias or none has, which tensors
// show.
void complete(Json& config, const std::string&) {
    config["block_auto_adjust_ff_dim"] = false;
    config["norm_eps"] = config["rms_norm_eps"];
}

constexpr GgufArchitecture kGguf[] = {{.name = "lfm2",
                                       .model_type = "lfm2",
                                       .interleaves_heads = false,
                                       .biases = GgufBiases::none,
                                       .keys = kGgufKeys,
                                       .complete = complete,
                                       .names = kGgufNames,
                                       .without_attention = kConvolution}};

}  // namespace

const Architecture kLfm2{.model_type = "lfm2",
                         .models = "LFM2 and LFM2.5, 350M to 2.6B",
                         .read_config = read_config,
                         .gguf = kGguf,
                         .fused = kNames,
                         .final_norm = "model.embedding_norm"};

}  // namespace ovenbird
