#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kUsualWindow = 4096;  // what transformers takes where config.json has no sliding_window

// Mistral 7B and its fine-tunes (neural-chat among them): llama's shape, a window over all layers unless
// null. Ministral 8B says by layer_types which layers slide.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config);
    apply_sliding_window(model, config, sliding_window_of(config, kUsualWindow), 0);
    return model;
}

constexpr GgufKey kGgufKeys[] = {{"attention.sliding_window", "sliding_window", GgufKey::Kind::integer}};

// In a GGUF file no window is no window.
void complete(Json& config, const std::string&) {
    if (!config.contains("sliding_window")) config["sliding_window"] = nullptr;
}

// What the newest converters say; older ones write "llama".
constexpr GgufArchitecture kGguf[] = {{"mistral3", "mistral", true, GgufBiases::none, kGgufKeys, complete}};

}  // namespace

const Architecture kMistral{"mistral", "Mistral 7B, neural-chat, Nemo, Zephyr", read_config, kGguf};
const Architecture kMinistral{"ministral", "Ministral 8B", read_config};

}  // namespace ovenbird
