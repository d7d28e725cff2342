#include "bake/arch/architecture.hpp"

#include <array>

#include "bake/arch/foreign_keys.hpp"
#include "bake/arch/known_types.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr std::array kArchitectures{
    &kArcee,        &kCohere,     &kCohere2,  &kCwm,
    &kErnie45,      &kExaone4,    &kGemma,    &kGemma2,
    &kGemma3,       &kGemma3Text, &kGemma4,   &kGemma4Text,
    &kGlm,          &kGlm4,       &kGranite,  &kGraniteMoeHybrid,
    &kHunyuanDense, &kLfm2,       &kLlama,    &kMiniCpm,
    &kMinistral,    &kMinistral3, &kMistral,  &kMistral3,
    &kNemotron,     &kOlmo2,      &kOlmo3,    &kPhi3,
    &kQwen2,        &kQwen3,      &kQwen35,   &kQwen35Text,
    &kSeedOss,      &kSmolLm3,    &kStableLm, &kStarCoder2,
};

std::string known_types() {
    std::string list;
    for (const auto* row : kArchitectures)
        list += (list.empty() ? "" : ", ") + std::string(row->model_type);
    return list;
}

}  // namespace

std::span<const Architecture* const> architectures() {
    return kArchitectures;
}

const Architecture* find_architecture(std::string_view model_type) {
    for (const auto* row : kArchitectures)
        if (model_type == row->model_type) return row;
    return nullptr;
}

ModelConfig read_model_config(const Json& config, const std::string& origin) {
    const JsonObject object(config, origin);
    const auto type = object.text("model_type");
    if (const auto* row = find_architecture(type)) {
        const auto text = row->has_other_parts ? object.object("text_config") : std::nullopt;
        refuse_foreign_keys(text ? *text : object, type);
        ModelConfig model = row->read_config(object);
        validate(model, origin);
        return model;
    }
    const std::string why = why_not_baked(type);
    fail(ErrorCode::unsupported,
         "{}: model_type '{}' {}; Ovenbird bakes: {}. For others: --exporter optimum-intel", origin, type,
         why.empty() ? "is not known" : "is not baked: " + why, known_types());
}

}  // namespace ovenbird
