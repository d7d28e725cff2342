#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kEpsilon = "norm_epsilon";

// StarCoder2: norms that subtract the mean, an MLP without a gate, one word for all biases.
ModelConfig read_config(const JsonObject& config) {
    const Json whole = with_defaults(config, {{"num_key_value_heads", 2}});
    ModelConfig model =
        read_common_config(JsonObject(whole, config.origin()), {.tied_embeddings = true,
                                                                .activation = "gelu_pytorch_tanh",
                                                                .norm_eps_key = kEpsilon,
                                                                .norm_eps = 1e-5});
    model.norm = NormKind::layer;
    model.norm_bias = true;
    model.gated = false;
    model.qkv_bias = config.boolean_or("use_bias", true);
    model.output_bias = model.qkv_bias;
    model.mlp_bias = model.qkv_bias;
    apply_sliding_window(model, config, sliding_window_of(config, 0), 0);
    return model;
}

constexpr FusedPart kUp[] = {{"mlp.up_proj"}};
constexpr FusedPart kDown[] = {{"mlp.down_proj"}};
constexpr FusedTensor kNames[] = {{"mlp.c_fc", kUp}, {"mlp.c_proj", kDown}};

constexpr GgufKey kGgufKeys[] = {{"attention.layer_norm_epsilon", kEpsilon}};

void complete(Json& config, const std::string& origin) {
    if (config["attention_bias"] != config["mlp_bias"]) {
        fail(ErrorCode::unsupported,
             "{}: attention and MLP do not both have biases, as Ovenbird's starcoder2 has them; bake the "
             "Hugging Face folder that the file was made from",
             origin);
    }
    config["use_bias"] = config["attention_bias"];
    config["hidden_act"] = "gelu_pytorch_tanh";
}

// A window, which the largest context hides, is not written.
constexpr GgufArchitecture kGguf[] = {
    {"starcoder2", "starcoder2", false, GgufBiases::attention_and_mlp, kGgufKeys, complete}};

}  // namespace

const Architecture kStarCoder2{"starcoder2", "StarCoder2 3B to 15B", read_config, kGguf, kNames};

}  // namespace ovenbird
