#include <cmath>

#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

void refuse_others(const JsonObject& config) {
    if (const int64_t experts = config.integer_or("num_experts", 0); experts != 0) {
        fail(ErrorCode::unsupported,
             "{}: num_experts is {}; Ovenbird has no mixtures of experts and bakes the dense MiniCPMs only",
             config.origin(), experts);
    }
    if (config.has("sparse_config")) {
        fail(ErrorCode::unsupported,
             "{}: sparse_config says that attention skips tokens of long texts (InfLLM v2), which Ovenbird "
             "does not; remove the key for attention to all of them",
             config.origin());
    }
}

// MiniCPM 1B, 2B and 4: Granite's numbers under other names. The published code multiplies what is looked up
// by scale_emb and what a layer adds by scale_depth / sqrt(layers), and divides what the head reads by
// hidden_size / dim_model_base.
ModelConfig read_config(const JsonObject& config) {
    refuse_others(config);
    ModelConfig model = read_common_config(config, {.tied_embeddings = true});
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.embedding_multiplier = config.number_or("scale_emb", 1.0);
    model.residual_multiplier =
        config.number_or("scale_depth", 1.0) / std::sqrt(static_cast<double>(model.layer_count()));
    model.logits_divisor = static_cast<double>(model.hidden_size) / config.number_or("dim_model_base", 1.0);
    return model;
}

constexpr const char* kResidual = "residual_scale";
constexpr const char* kLogits = "logit_scale";
constexpr GgufKey kGgufKeys[] = {
    {"embedding_scale", "scale_emb"}, {"residual_scale", kResidual}, {"logit_scale", kLogits}};

// Files older than the keys are of models that all have the same three numbers.
void complete(Json& config, const std::string&) {
    const auto layers = config["num_hidden_layers"].get<double>();
    const auto hidden = config["hidden_size"].get<double>();
    if (!config.contains("scale_emb")) config["scale_emb"] = 12.0;
    config["scale_depth"] =
        config.contains(kResidual) ? config[kResidual].get<double>() * std::sqrt(layers) : 1.4;
    config["dim_model_base"] = config.contains(kLogits) ? hidden / config[kLogits].get<double>() : 256.0;
    config.erase(kResidual);
    config.erase(kLogits);
}

constexpr GgufArchitecture kGguf[] = {{"minicpm", "minicpm", true, GgufBiases::none, kGgufKeys, complete}};

}  // namespace

const Architecture kMiniCpm{"minicpm", "MiniCPM 1B, 2B and 4 (dense)", read_config, kGguf};

}  // namespace ovenbird
