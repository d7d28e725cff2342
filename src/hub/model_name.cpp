#include "hub/model_name.hpp"

#include <array>
#include <vector>

#include "ovenbird_bridge.h"

namespace ovenbird {
namespace {

constexpr std::array<std::string_view, 4> kHubs{"https://huggingface.co/", "https://hf.co/", "hf.co/",
                                                "hf://"};
constexpr size_t kLongestPart = 200;

// A revision or a file: what the hub's own names may hold, and nothing that could be a way out of a folder.
bool is_plain(std::string_view text) {
    if (text.empty() || text.size() > kLongestPart || text.front() == '/' || text.back() == '/') return false;
    if (text.find("..") != std::string_view::npos || text.find("//") != std::string_view::npos) return false;
    for (const char letter : text) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') ||
                           std::string_view("-_./+ ").find(letter) != std::string_view::npos;
        if (!plain) return false;
    }
    return true;
}

std::optional<ModelName> checked(ModelName name) {
    const bool fits = ob_hub_is_repo(name.repo.data(), name.repo.size()) && is_plain(name.revision) &&
                      (name.choice.empty() || is_plain(name.choice));
    return fits ? std::optional(std::move(name)) : std::nullopt;
}

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const size_t slash = text.find('/');
        if (slash != 0) parts.emplace_back(text.substr(0, slash));
        if (slash == std::string_view::npos) break;
        text.remove_prefix(slash + 1);
    }
    return parts;
}

// ORG/NAME/tree/REVISION, ORG/NAME/blob/REVISION/FILE.
std::optional<ModelName> from_address(std::string_view path) {
    path = path.substr(0, path.find_first_of("?#"));
    const auto parts = parts_of(path);
    if (parts.size() < 4) return std::nullopt;
    const auto& kind = parts[2];
    if (kind != "tree" && kind != "blob" && kind != "resolve") return std::nullopt;
    ModelName name{parts[0] + "/" + parts[1], parts[3], {}};
    for (size_t i = 4; i < parts.size(); ++i)
        name.choice += (i > 4 ? "/" : "") + parts[i];
    return checked(std::move(name));
}

}  // namespace

std::string ModelName::text() const {
    return repo + (revision == "main" ? "" : "@" + revision) + (choice.empty() ? "" : ":" + choice);
}

std::optional<ModelName> parse_model_name(std::string_view text) {
    for (const auto hub : kHubs) {
        if (!text.starts_with(hub)) continue;
        text.remove_prefix(hub.size());
        if (auto name = from_address(text)) return name;
        break;
    }
    while (text.ends_with('/'))
        text.remove_suffix(1);
    ModelName name;
    if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
        name.choice = text.substr(colon + 1);
        if (name.choice.empty()) return std::nullopt;
        text = text.substr(0, colon);
    }
    if (const size_t at = text.find('@'); at != std::string_view::npos) {
        name.revision = text.substr(at + 1);
        text = text.substr(0, at);
    }
    name.repo = text;
    return checked(std::move(name));
}

}  // namespace ovenbird
