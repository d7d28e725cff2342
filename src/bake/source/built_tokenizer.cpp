#include "bake/source/built_tokenizer.hpp"

#include <algorithm>

#include "bake/source/hf_files.hpp"
#include "bake/source/printable.hpp"
#include "bake/source/tokenizer_sources.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxSettingsBytes = uint64_t{16} << 20;
constexpr const char* kWithout =
    "without it the baked model takes token ids only, or a tokenizer that you name (--tokenizer-id)";

Json object_of(const fs::path& path) {
    if (!is_file(path)) return Json::object();
    Json json = parse_json(read_file(path, kMaxSettingsBytes), printable(path.string()));
    if (!json.is_object())
        fail(ErrorCode::invalid_input, "{}: expected a JSON object", printable(path.string()));
    return json;
}

TokenizerSettings read_settings(const fs::path& folder) {
    TokenizerSettings settings;
    settings.config = object_of(folder / "tokenizer_config.json");
    settings.special_map = object_of(folder / "special_tokens_map.json");
    const Json model = object_of(folder / "config.json");
    settings.model_type = JsonObject(model, "config.json").text_or("model_type", "");
    return settings;
}

// Mistral's own names are "tokenizer.model.v3" and the like.
std::optional<fs::path> spm_file(const fs::path& folder) {
    if (is_file(folder / "tokenizer.model")) return folder / "tokenizer.model";
    for (const char* version : {"v1", "v2", "v3", "v7"}) {
        const auto names = names_ending(folder, std::string(".model.") + version);
        if (names.size() == 1) return folder / names[0];
    }
    return std::nullopt;
}

std::optional<fs::path> tekken_file(const fs::path& folder) {
    if (is_file(folder / "tekken.json")) return folder / "tekken.json";
    return std::nullopt;
}

BuiltTokenizer build(const fs::path& folder) {
    BuiltTokenizer built;
    TokenizerSettings settings = read_settings(folder);
    std::string rule;
    std::string from;
    if (const auto spm = spm_file(folder)) {
        built.tokenizer = tokenizer_of_spm(*spm, settings, rule);
        from = spm->filename().string();
    } else if (is_file(folder / "vocab.json") && is_file(folder / "merges.txt")) {
        built.tokenizer = tokenizer_of_vocab(folder, settings, rule);
        from = "vocab.json and merges.txt";
    } else if (const auto tekken = tekken_file(folder)) {
        built.tokenizer = tokenizer_of_tekken(*tekken, settings);
        from = "tekken.json";
    } else {
        built.warning = fmt::format(
            "'{}' has no tokenizer.json, and no tokenizer.model, vocab.json with merges.txt or tekken.json "
            "to "
            "make one of; {}: fetch tokenizer.json and tokenizer_config.json from where the model came from",
            printable(folder.string()), kWithout);
        return built;
    }
    built.tokenizer_config = settings.config.dump(2) + "\n";
    built.note =
        fmt::format("tokenizer.json is made from {}{}{}", printable(from), rule.empty() ? "" : ": ", rule);
    return built;
}

}  // namespace

BuiltTokenizer build_tokenizer(const fs::path& folder) {
    if (is_file(folder / "tokenizer.json")) return {};
    try {
        return build(folder);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::io) throw;
        BuiltTokenizer built;
        built.warning = fmt::format(
            "'{}' has no tokenizer.json, and none can be made ({}); {}: fetch tokenizer.json from "
            "where the model came from",
            printable(folder.string()), error.what(), kWithout);
        return built;
    }
}

void write_built_tokenizer(const BuiltTokenizer& built, const fs::path& folder,
                           std::vector<std::string>& written) {
    if (built.tokenizer.empty()) return;
    const auto write = [&](const char* name, const std::string& content) {
        write_file(folder / name, content);
        if (std::find(written.begin(), written.end(), name) == written.end()) written.emplace_back(name);
    };
    write("tokenizer.json", built.tokenizer);
    write("tokenizer_config.json", built.tokenizer_config);
}

std::string TokenizerSettings::tokenizer_class() const {
    return JsonObject(config, "tokenizer_config.json").text_or("tokenizer_class", "");
}

std::optional<bool> TokenizerSettings::flag(const char* key) const {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_boolean()) return std::nullopt;
    return found->get<bool>();
}

std::optional<std::string> TokenizerSettings::settle_token(const char* key, const char* fallback) {
    const auto named = [&](const Json& file) -> std::optional<std::string> {
        const auto found = file.find(key);
        if (found == file.end()) return std::nullopt;
        const Json& value = found->is_object() && found->contains("content") ? found->at("content") : *found;
        if (!value.is_string()) return std::nullopt;
        return value.get<std::string>();
    };
    // As transformers: the map counts only where the configuration does not list the added tokens itself.
    if (!config.contains("added_tokens_decoder")) {
        if (auto own = named(special_map)) return own;
    }
    if (auto own = named(config)) return own;
    if (config.contains(key) || fallback == nullptr) return std::nullopt;  // null is written on purpose
    config[key] = fallback;
    return fallback;
}

bool TokenizerSettings::settle_flag(const char* key, bool fallback) {
    const bool value = flag(key).value_or(fallback);
    config[key] = value;
    return value;
}

}  // namespace ovenbird
