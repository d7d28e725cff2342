#include "bake/arch/architecture.hpp"

#include <array>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr std::array kArchitectures{
    Architecture{"llama", read_llama_config},
    Architecture{"mistral", read_mistral_config},
    Architecture{"qwen2", read_qwen2_config},
    Architecture{"qwen3", read_qwen3_config},
};

std::string known_types() {
    std::string list;
    for (const auto& row : kArchitectures)
        list += (list.empty() ? "" : ", ") + std::string(row.model_type);
    return list;
}

}  // namespace

std::span<const Architecture> architectures() {
    return kArchitectures;
}

ModelConfig read_model_config(const Json& config, const std::string& origin) {
    const JsonObject object(config, origin);
    const auto type = object.text("model_type");
    if (object.has("quantization_config")) {
        fail(ErrorCode::unsupported,
             "{}: the checkpoint is already quantised (quantization_config); bake the original one in bf16 "
             "or f16",
             origin);
    }
    for (const auto& row : kArchitectures) {
        if (type != row.model_type) continue;
        ModelConfig model = row.read_config(object);
        validate(model, origin);
        return model;
    }
    fail(ErrorCode::unsupported, "{}: model_type '{}' is not known; Ovenbird bakes: {}", origin, type,
         known_types());
}

}  // namespace ovenbird
