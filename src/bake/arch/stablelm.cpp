#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kEpsilon = "layer_norm_eps";
constexpr const char* kHeadNorms = "qk_layernorm";

// StableLM: norms that subtract the mean, a quarter of each head is turned; in some models attention and MLP
// stand side by side.
ModelConfig read_config(const JsonObject& config) {
    if (config.boolean_or(kHeadNorms, false)) {
        fail(ErrorCode::unsupported,
             "{}: {} is true: each head has norms of its own (StableLM 2 12B), which Ovenbird's stablelm has "
             "not; bake a model without them, StableLM 2 1.6B or StableLM Zephyr 3B",
             config.origin(), kHeadNorms);
    }
    const Json whole = with_defaults(config, {{"partial_rotary_factor", 0.25}});
    ModelConfig model =
        read_common_config(JsonObject(whole, config.origin()),
                           {.partial_rotary = true, .norm_eps_key = kEpsilon, .norm_eps = 1e-5});
    model.norm = NormKind::layer;
    model.norm_bias = true;
    model.qkv_bias = config.boolean_or("use_qkv_bias", false);
    model.parallel = config.boolean_or("use_parallel_residual", false);
    return model;
}

// Whether attention and MLP stand side by side llama.cpp, too, sees by the tensors: where the source did not
// say it the converter writes the wrong word.
constexpr GgufKey kGgufKeys[] = {{"attention.layer_norm_epsilon", kEpsilon},
                                 {"ffn_norm.weight", "use_parallel_residual", GgufKey::Kind::lacks_tensor},
                                 {"attn_q_norm.weight", kHeadNorms, GgufKey::Kind::has_tensor}};

void complete(Json& config, const std::string&) {
    config["use_qkv_bias"] = config["attention_bias"];
    config.erase("attention_bias");
    if (!config.contains("partial_rotary_factor")) config["partial_rotary_factor"] = 1.0;
}

constexpr GgufArchitecture kGguf[] = {
    {"stablelm", "stablelm", false, GgufBiases::query_key_value, kGgufKeys, complete}};

}  // namespace

const Architecture kStableLm{"stablelm", "StableLM 3B, StableLM 2 1.6B, StableLM Zephyr", read_config, kGguf};

}  // namespace ovenbird
