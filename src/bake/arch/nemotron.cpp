#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

constexpr const char* kEpsilon = "norm_eps";
constexpr const char* kActivation = "relu2";

// Nemotron and Minitron: norms that subtract the mean and multiply by 1 + w, an MLP without a gate.
ModelConfig read_config(const JsonObject& config) {
    const Json whole = with_defaults(config, {{"partial_rotary_factor", 0.5}});
    ModelConfig model = read_common_config(
        JsonObject(whole, config.origin()),
        {.partial_rotary = true, .activation = kActivation, .norm_eps_key = kEpsilon, .norm_eps = 1e-5});
    read_biases(model, config);
    model.norm = NormKind::layer;
    model.norm_bias = true;
    model.gated = false;
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.layer_norm_epsilon", kEpsilon}};

// The converter has added the norms' 1.
void complete(Json& config, const std::string&) {
    config["hidden_act"] = kActivation;
    if (!config.contains("partial_rotary_factor")) config["partial_rotary_factor"] = 1.0;
}

constexpr GgufArchitecture kGguf[] = {
    {"nemotron", "nemotron", false, GgufBiases::attention_and_mlp, kGgufKeys, complete}};

}  // namespace

const Architecture kNemotron{.model_type = "nemotron",
                             .models = "Nemotron-4 and Minitron 4B, 8B",
                             .read_config = read_config,
                             .gguf = kGguf,
                             .norm_offset = 1.0F};

}  // namespace ovenbird
