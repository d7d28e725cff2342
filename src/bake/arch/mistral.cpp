#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kUsualWindow = 4096;  // what transformers takes where config.json has no sliding_window
constexpr const char* kBeta = "llama_4_scaling_beta";
constexpr const char* kOriginal = "original_max_position_embeddings";
constexpr const char* kMinistral3Type = "ministral3";

// Mistral 7B and its fine-tunes (neural-chat among them): llama's shape, a window over all layers unless
// null. Ministral 8B says by layer_types which layers slide.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    apply_sliding_window(model, config, sliding_window_of(config, kUsualWindow), 0);
    return model;
}

Json usual_rope(const JsonObject& config) {
    return {{"rope_type", "yarn"}, {"rope_theta", config.number_or("rope_theta", 1e6)},
            {"factor", 16.0},      {kOriginal, 16384},
            {"mscale", 1.0},       {"mscale_all_dim", 1.0},
            {kBeta, 0.1}};
}

QueryGrowth read_growth(const JsonObject& scaling) {
    const QueryGrowth growth{scaling.number(kBeta), scaling.integer(kOriginal)};
    if (growth.beta >= 0 && growth.beta < 100 && growth.context >= 1) return growth;
    fail(ErrorCode::invalid_input, "{}: {} is {} and {} {}, expected 0 to 100 and a number of tokens",
         scaling.origin(), kBeta, growth.beta, kOriginal, growth.context);
}

// Ministral 3: llama's shape with YaRN, and queries that grow with their positions.
ModelConfig read_ministral3(const JsonObject& config) {
    Json whole = with_defaults(config, {{"num_key_value_heads", 8}});
    const bool old_key = config.has("rope_scaling");
    const char* key = old_key ? "rope_scaling" : "rope_parameters";
    if (!config.has(key)) whole[key] = usual_rope(config);
    const auto scaling = JsonObject(whole, config.origin()).object(key);
    std::optional<QueryGrowth> growth;
    if (scaling && scaling->has(kBeta)) growth = read_growth(*scaling);
    whole[key].erase(kBeta);
    whole[key].erase("max_position_embeddings");  // the model's own, once more
    const JsonObject object(whole, config.origin());
    ModelConfig model = read_common_config(object, {.head_size = 128, .norm_eps = 1e-5});
    model.query_growth = growth;
    const int64_t window = sliding_window_of(config, 0);
    for (LayerConfig& layer : model.layers)
        layer.sliding_window = window;
    return model;
}

// Models that see, too: only their text part is baked.
ModelConfig read_with_images(const JsonObject& config) {
    const auto text = config.object("text_config");
    const std::string type = text ? text->text_or("model_type", "mistral") : "mistral";
    if (type != "mistral" && type != kMinistral3Type) {
        fail(ErrorCode::unsupported, "{}: text_config's model_type is '{}', expected mistral or {}",
             config.origin(), type, kMinistral3Type);
    }
    Json own = text ? text->json() : config.json();
    own["model_type"] = type;
    if (!own.contains("tie_word_embeddings"))
        own["tie_word_embeddings"] = config.boolean_or("tie_word_embeddings", false);
    const JsonObject inner(own, config.origin() + " (text_config)");
    return type == kMinistral3Type ? read_ministral3(inner) : read_config(inner);
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer},
                                 {"attention.temperature_scale", kBeta}};

// In a GGUF file no window is no window. Where queries grow it is Ministral 3.
void complete(Json& config, const std::string& origin) {
    if (!config.contains("sliding_window")) config["sliding_window"] = nullptr;
    if (!config.contains(kBeta)) return;
    if (!config.contains("rope_scaling")) {
        fail(ErrorCode::invalid_input,
             "{}: queries grow (attention.temperature_scale), but without a rope scaling nothing says from "
             "which context on; convert or download the file again",
             origin);
    }
    config["model_type"] = kMinistral3Type;
    config["rope_scaling"][kBeta] = config[kBeta];
    config.erase(kBeta);
}

// What the newest converters say; older ones write "llama".
constexpr GgufArchitecture kGguf[] = {{"mistral3", "mistral", true, GgufBiases::none, kGgufKeys, complete}};

}  // namespace

const Architecture kMistral{"mistral", "Mistral 7B, neural-chat, Nemo, Zephyr", read_config, kGguf};
const Architecture kMinistral{"ministral", "Ministral 8B", read_config};
const Architecture kMinistral3{kMinistral3Type, "Ministral 3 3B to 14B", read_ministral3};
const Architecture kMistral3{.model_type = "mistral3",
                             .models = "Mistral Small 3.1 and 3.2, Ministral 3, their text",
                             .read_config = read_with_images,
                             .has_other_parts = true};

}  // namespace ovenbird
