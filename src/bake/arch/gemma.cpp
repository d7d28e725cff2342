#include "bake/arch/gemma_config.hpp"

namespace ovenbird {
namespace {

// Gemma 1: llama's shape with norms of 1 + w, GELU, and heads of a size of their own. It was trained with the
// tanh form; the first folders say "gelu" in hidden_act and mean it.
ModelConfig read_config(const JsonObject& config) {
    const Json full = with_defaults(config, {{"num_key_value_heads", 16}});
    const JsonObject object(full, config.origin());
    const bool says = config.has("hidden_activation");
    ModelConfig model = read_gemma(object, says ? "hidden_activation" : "hidden_act", 10000.0);
    if (!says && model.activation == Activation::gelu) model.activation = Activation::gelu_tanh;
    return model;
}

void complete(Json& config, const std::string&) {
    config["hidden_act"] = "gelu_pytorch_tanh";
}

constexpr GgufArchitecture kGguf[] = {{"gemma", "gemma", false, GgufBiases::none, {}, complete}};

}  // namespace

const Architecture kGemma{.model_type = "gemma",
                          .models = "Gemma 1",
                          .read_config = read_config,
                          .gguf = kGguf,
                          .norm_offset = 1.0F};

}  // namespace ovenbird
