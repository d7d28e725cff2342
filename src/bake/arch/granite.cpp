#include <cmath>

#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kPositions = "position_embedding_type";

// A Granite without rotary embedding says so in all layers at once.
void choose_positions(ModelConfig& model, bool rotary) {
    for (LayerConfig& layer : model.layers)
        layer.rotary = rotary;
}

// What makes a llama a Granite: four numbers.
ModelConfig read_multiplied(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    model.embedding_multiplier = config.number_or("embedding_multiplier", 1.0);
    model.residual_multiplier = config.number_or("residual_multiplier", 1.0);
    model.attention_multiplier = config.number_or("attention_multiplier", 1.0);
    model.logits_divisor = config.number_or("logits_scaling", 1.0);
    return model;
}

// Granite 3.x. Only what we make of a GGUF file has position_embedding_type here.
ModelConfig read_dense(const JsonObject& config) {
    ModelConfig model = read_multiplied(config);
    read_biases(model, config);
    choose_positions(model, config.text_or(kPositions, "rope") == "rope");
    return model;
}

void refuse_hybrid(const ModelConfig& model, const JsonObject& config) {
    const int64_t experts = config.integer_or("num_local_experts", 8);
    if (experts != 0) {
        fail(ErrorCode::unsupported,
             "{}: num_local_experts is {}; Ovenbird has no mixtures of experts and bakes the dense Granites "
             "only",
             config.origin(), experts);
    }
    const char* key = config.has("layer_types") ? "layer_types" : "layers_block_type";
    const Json* types = layer_list(model, config, key);
    for (size_t layer = 0; layer < model.layers.size(); ++layer) {
        const Json type = types == nullptr ? Json("mamba") : types->at(layer);
        if (type == "attention") continue;
        fail(ErrorCode::unsupported,
             "{}: layer {} is {}; Ovenbird bakes the Granites whose layers are all attention",
             config.origin(), layer, type.dump());
    }
}

// Granite 4.0 without Mamba layers and experts (micro, 350m, 1b): what is left is the expert that all tokens
// share, a plain MLP.
ModelConfig read_hybrid(const JsonObject& config) {
    ModelConfig model = read_multiplied(config);
    refuse_hybrid(model, config);
    model.qkv_bias = config.boolean_or("attention_bias", false);
    model.output_bias = model.qkv_bias;
    model.intermediate_size = config.integer_or("shared_intermediate_size", 1024);
    choose_positions(model, config.text_or(kPositions, "") == "rope");
    return model;
}

constexpr GgufKey kGgufKeys[] = {
    {"embedding_scale", "embedding_multiplier"},
    {"residual_scale", "residual_multiplier"},
    {"attention.scale", "attention_multiplier"},
    {"logit_scale", "logits_scaling"},
    {"rope.scaling.finetuned", kPositions, GgufKey::Kind::boolean},
};

void complete(Json& config, const std::string&) {
    if (config.contains(kPositions)) config[kPositions] = config[kPositions] == true ? "rope" : "nope";
    // Without the key transformers takes 1, llama.cpp the usual.
    if (!config.contains("attention_multiplier"))
        config["attention_multiplier"] = 1.0 / std::sqrt(config["head_dim"].get<double>());
}

// The dense models of version 4 are written as "granite" too, their shared MLP as the usual three tensors.
constexpr GgufArchitecture kGguf[] = {
    {"granite", "granite", true, GgufBiases::attention_and_mlp, kGgufKeys, complete}};

constexpr FusedPart kGateAndUp[] = {{"mlp.gate_proj"}, {"mlp.up_proj"}};
constexpr FusedPart kDown[] = {{"mlp.down_proj"}};
constexpr FusedTensor kFused[] = {{"shared_mlp.input_linear", kGateAndUp},
                                  {"shared_mlp.output_linear", kDown}};

}  // namespace

const Architecture kGranite{"granite", "Granite 3.0 to 3.3", read_dense, kGguf};
const Architecture kGraniteMoeHybrid{
    "granitemoehybrid", "Granite 4.0 micro, 350m, 1b", read_hybrid, {}, kFused};

}  // namespace ovenbird
