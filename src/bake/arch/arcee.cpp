#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

constexpr const char* kActivation = "relu2";

// Arcee's AFM: llama's shape without gates.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.activation = kActivation, .norm_eps = 1e-5});
    read_biases(model, config);
    model.gated = false;
    return model;
}

void complete(Json& config, const std::string&) {
    config["hidden_act"] = kActivation;
}

constexpr GgufArchitecture kGguf[] = {{"arcee", "arcee", true, GgufBiases::attention_and_mlp, {}, complete}};

}  // namespace

const Architecture kArcee{"arcee", "Arcee AFM 4.5B", read_config, kGguf};

}  // namespace ovenbird
