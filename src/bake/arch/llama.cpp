#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Llama 1 to 3.x, SmolLM2 and all that copied them; attention_bias covers all four projections. Where
// partial_rotary_factor is named, vLLM turns a part of each head, and so do we; transformers' class does not
// read it.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.partial_rotary = true});
    read_biases(model, config);
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

// The usual converter writes Mistral's models as "llama": one with a window is that.
void complete(Json& config, const std::string& origin) {
    if (!config.contains("sliding_window")) return;
    config["model_type"] = "mistral";
    if (config.value("attention_bias", false) || config.value("mlp_bias", false))
        fail(ErrorCode::unsupported, "{}: a sliding window together with biases is not known", origin);
}

constexpr GgufArchitecture kGguf[] = {
    {"llama", "llama", true, GgufBiases::attention_and_mlp, kGgufKeys, complete}};

}  // namespace

const Architecture kLlama{"llama", read_config, kGguf};

}  // namespace ovenbird
