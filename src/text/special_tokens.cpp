#include "text/special_tokens.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ovenbird {
namespace {

std::optional<Json> read_if_there(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    return read_json(path);
}

/// A token is written as a string or as an object that holds the string; null and absent mean none.
std::optional<std::string> named_token(const JsonObject& file, std::string_view key) {
    if (!file.has(key)) return std::nullopt;
    if (file.json().at(std::string(key)).is_object()) {
        if (const auto token = file.object(key)) return token->text("content");
    }
    return file.text(key);
}

/// An end-of-sequence id is a number or a list of them; negative numbers stand for none.
std::vector<int64_t> end_ids(const std::filesystem::path& path) {
    const std::optional<Json> json = read_if_there(path);
    if (!json) return {};
    const JsonObject file(*json, path.string());
    if (!file.has("eos_token_id")) return {};
    const Json& value = file.json().at("eos_token_id");
    const Json list = value.is_array() ? value : Json::array({value});
    std::vector<int64_t> ids;
    for (const Json& id : list) {
        if (!id.is_number_integer()) {
            fail(ErrorCode::invalid_input, "{}: 'eos_token_id' must be a token id or a list of them",
                 path.string());
        }
        if (id.get<int64_t>() >= 0) ids.push_back(id.get<int64_t>());
    }
    return ids;
}

}  // namespace

SpecialTokens read_special_tokens(const std::filesystem::path& folder) {
    SpecialTokens tokens;
    const std::filesystem::path config_path = folder / "tokenizer_config.json";
    const std::filesystem::path map_path = folder / "special_tokens_map.json";
    std::vector<std::pair<std::string, std::optional<Json>>> files{
        {config_path.string(), read_if_there(config_path)}, {map_path.string(), read_if_there(map_path)}};
    // As transformers: a configuration from before it listed the added tokens gives way to the map.
    const auto& config = files[0].second;
    if (!config || !config->is_object() || !config->contains("added_tokens_decoder"))
        std::swap(files[0], files[1]);
    for (const auto& [origin, json] : files) {
        if (!json) continue;
        const JsonObject file(*json, origin);
        if (!tokens.bos) tokens.bos = named_token(file, "bos_token");
        if (!tokens.eos) tokens.eos = named_token(file, "eos_token");
        if (!tokens.pad) tokens.pad = named_token(file, "pad_token");
    }
    for (const char* name : {"generation_config.json", "config.json"}) {
        for (const int64_t id : end_ids(folder / name)) {
            if (std::find(tokens.eos_ids.begin(), tokens.eos_ids.end(), id) == tokens.eos_ids.end())
                tokens.eos_ids.push_back(id);
        }
    }
    return tokens;
}

}  // namespace ovenbird
