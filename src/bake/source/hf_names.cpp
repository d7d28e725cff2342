#include "bake/source/hf_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "bake/source/printable.hpp"

namespace ovenbird {
namespace {

constexpr std::string_view kPrefix = "model.";

// What the decoder itself has, behind its prefix.
bool is_in_decoder(std::string_view name) {
    constexpr std::array<std::string_view, 7> kStarts{"layers.",
                                                      "embed_tokens.",
                                                      "norm.",
                                                      "embedding_norm.",
                                                      "embed_tokens_per_layer.",
                                                      "per_layer_model_projection.",
                                                      "per_layer_projection_norm."};
    return std::any_of(kStarts.begin(), kStarts.end(),
                       [&](std::string_view start) { return name.starts_with(start); });
}

}  // namespace

std::string PrefixRule::usual_name(const std::string& name) {
    std::string usual = name;
    if (is_in_decoder(name)) {
        usual = std::string(kPrefix) + name;
        ++added_;
    } else if (name.starts_with(kPrefix)) {
        const std::string_view rest = std::string_view(name).substr(kPrefix.size());
        const bool twice = rest.starts_with(kPrefix) && is_in_decoder(rest.substr(kPrefix.size()));
        if (!twice && !rest.starts_with("lm_head.")) return name;
        usual = rest;
        ++removed_;
    }
    if (usual != name && first_.empty()) first_ = name;
    return usual;
}

std::string name_in_language_model(const std::string& name) {
    constexpr std::string_view kPart = "language_model.";
    constexpr std::array<std::string_view, 7> kOthers{
        "vision_tower.", "multi_modal_projector.", "visual.", "audio_tower.",
        "embed_vision.", "embed_audio.",           "mtp."};
    const bool inside = name.starts_with(kPrefix);
    const std::string_view rest = std::string_view(name).substr(inside ? kPrefix.size() : 0);
    for (const std::string_view other : kOthers)
        if (rest.starts_with(other)) return "";
    if (!rest.starts_with(kPart)) return name;
    return std::string(inside ? kPrefix : "") + std::string(rest.substr(kPart.size()));
}

std::string PrefixRule::note() const {
    if (added_ + removed_ == 0) return "";
    return fmt::format(
        "{} tensor names have one 'model.' too few and {} one too many (first: {}); they are read as "
        "transformers reads them",
        added_, removed_, printable(first_));
}

}  // namespace ovenbird
