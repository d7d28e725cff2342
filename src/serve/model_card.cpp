#include "serve/model_card.hpp"

#include <span>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "serve/tools/tool_calls.hpp"
#include "text/chat_template.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMostParameters = int64_t{1} << 50;

// Every weight of the bake has one form. Of a bake from an IR the weights are not counted.
int64_t parameters_of(const Manifest& manifest) {
    const Json& quantization = manifest.quantization;
    if (!quantization.is_object() || !quantization.contains("weights_by_form")) return 0;
    int64_t parameters = 0;
    for (const auto& count : quantization.at("weights_by_form")) {
        if (!count.is_number_integer()) return 0;
        const auto some = count.get<int64_t>();
        if (some < 0 || some > kMostParameters) return 0;
        parameters += some;
    }
    return parameters;
}

std::string weights_of(const Manifest& manifest) {
    const Json bits =
        manifest.options.is_object() ? manifest.options.value("bits", Json(nullptr)) : Json(nullptr);
    if (!bits.is_number_integer()) return "";
    return bits == 16 ? "F16" : fmt::format("INT{}", bits.get<int64_t>());
}

void read_template(const std::filesystem::path& folder, ModelCard& card) {
    try {
        const auto chat = ChatTemplate::load(folder);
        if (!chat) return;
        card.source = chat->source();
        card.takes_tools = !tool_format_of(card.source).empty();
        card.thinks = chat->mentions("enable_thinking") || chat->mentions("</think>");
    } catch (const Error&) {
        card.source.clear();
    }
}

}  // namespace

ModelCard model_card(const OfferedModel& model) {
    ModelCard card;
    std::string identity = model.name;
    if (model.manifest) {
        const Manifest& manifest = *model.manifest;
        if (!manifest.model_type.empty()) card.architecture = manifest.model_type;
        card.context_tokens = manifest.context > 0 ? manifest.context : manifest.seq_len;
        if (manifest.embedding) {
            card.context_tokens = manifest.embedding->most_tokens();
            card.embedding_length = manifest.embedding->dimension;
        }
        card.weights = weights_of(manifest);
        card.parameters = parameters_of(manifest);
        identity = to_json(manifest).dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    card.digest = hash_bytes(std::as_bytes(std::span(identity)));
    card.digest.erase(0, card.digest.find(':') + 1);
    read_template(model.folder, card);
    return card;
}

std::string parameter_size(int64_t parameters) {
    if (parameters <= 0) return "";
    if (parameters >= 1'000'000'000) return fmt::format("{:.1f}B", static_cast<double>(parameters) / 1e9);
    if (parameters >= 1'000'000) return fmt::format("{:.0f}M", static_cast<double>(parameters) / 1e6);
    return fmt::format("{:.0f}K", static_cast<double>(parameters) / 1e3);
}

}  // namespace ovenbird
