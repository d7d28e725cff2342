#include "text/declared_tokens.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.hpp"
#include "text/special_tokens.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};
constexpr const char* kLists[] = {"additional_special_tokens", "extra_special_tokens"};

Json object_in(const fs::path& path) {
    if (!fs::exists(path)) return Json::object();
    Json json = read_json(path);
    [[maybe_unused]] const JsonObject checked(json, path.string());
    return json;
}

/// With every property, as transformers' AddedToken fills them in. Nothing for what is no token.
std::optional<Json> whole_token(const Json& value, bool named, const std::string& origin) {
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
        return Json{{"content", value}, {"single_word", false}, {"lstrip", false},
                    {"rstrip", false},  {"normalized", !named}, {"special", named}};
    }
    if (!value.is_object() || !value.contains("content")) return std::nullopt;
    const JsonObject token(value, origin);
    const bool special = token.boolean_or("special", false);
    return Json{{"content", token.text("content")},
                {"single_word", token.boolean_or("single_word", false)},
                {"lstrip", token.boolean_or("lstrip", false)},
                {"rstrip", token.boolean_or("rstrip", false)},
                {"normalized", token.boolean_or("normalized", !special)},
                {"special", special || named}};
}

// The tokens that transformers calls special, one after the other: a later file's replaces an earlier one's,
// but for the lists.
class Named {
public:
    void read(const Json& file, const std::string& origin) {
        for (const char* name : kNames) {
            if (file.contains(name)) tokens_[name] = {whole_token(file.at(name), true, origin)};
        }
        for (const char* name : kLists) {
            if (!file.contains(name)) continue;
            auto& list = tokens_[name];  // both files' count
            const Json& values = file.at(name);
            if (!values.is_array() && !values.is_object()) continue;  // an object names them, too
            for (const Json& value : values)
                list.push_back(whole_token(value, true, origin));
        }
    }
    std::vector<Json> all() const {
        std::vector<Json> found;
        const auto take = [&](const char* name) {
            const auto list = tokens_.find(name);
            if (list == tokens_.end()) return;
            for (const auto& token : list->second)
                if (token) found.push_back(*token);
        };
        std::for_each(std::begin(kNames), std::end(kNames), take);
        std::for_each(std::begin(kLists), std::end(kLists), take);
        return found;
    }

private:
    std::map<std::string, std::vector<std::optional<Json>>> tokens_;
};

int64_t id_in(std::string_view key, const std::string& origin) {
    int64_t id = -1;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() || id < 0)
        fail(ErrorCode::invalid_input, "{}: '{}' is no token id; download the file again", origin, key);
    return id;
}

std::map<int64_t, Json> listed_tokens(const Json& list, const std::string& origin) {
    std::map<int64_t, Json> tokens;
    const JsonObject checked(list, origin);
    for (const auto& [key, value] : checked.json().items()) {
        if (const auto token = whole_token(value, false, origin)) tokens[id_in(key, origin)] = *token;
    }
    return tokens;
}

std::map<int64_t, Json> legacy_tokens(const Json& list, const std::vector<std::string>& names,
                                      const std::string& origin) {
    std::map<int64_t, Json> tokens;
    const JsonObject file(list, origin);
    for (const auto& [text, id] : list.items()) {
        const bool special = std::find(names.begin(), names.end(), text) != names.end();
        if (const auto token = whole_token(Json(text), special, origin))
            tokens[file.integer_in(text, 0, UINT32_MAX)] = *token;
    }
    return tokens;
}

Json flag(const Json& config, const char* key) {
    return config.contains(key) && config.at(key).is_boolean() ? config.at(key) : Json(nullptr);
}

}  // namespace

Json read_declared_tokens(const fs::path& folder) {
    const fs::path config_path = folder / "tokenizer_config.json";
    const Json config = object_in(config_path);
    const bool lists =
        config.contains("added_tokens_decoder") && config.at("added_tokens_decoder").is_object();
    Named named;
    named.read(config, config_path.string());
    if (!lists) {
        const fs::path map = folder / "special_tokens_map.json";
        named.read(object_in(map), map.string());
    }
    const std::vector<Json> special = named.all();
    std::vector<std::string> names;
    names.reserve(special.size());
    for (const Json& token : special)
        names.push_back(token.at("content").get<std::string>());
    std::map<int64_t, Json> listed;
    if (lists) {
        listed =
            listed_tokens(config.at("added_tokens_decoder"), config_path.string() + ": added_tokens_decoder");
    } else {
        const fs::path added = folder / "added_tokens.json";
        listed = legacy_tokens(object_in(added), names, added.string());
    }
    Json tokens = Json::array();
    std::vector<std::string> seen;
    for (const auto& [id, token] : listed) {
        tokens.push_back(token);
        seen.push_back(token.at("content").get<std::string>());
    }
    std::sort(seen.begin(), seen.end());
    Json more = Json::array();  // named only: the bridge leaves out what the tokenizer.json has
    for (const Json& token : special) {
        if (!std::binary_search(seen.begin(), seen.end(), token.at("content").get<std::string>()))
            more.push_back(token);
    }
    const SpecialTokens ends = read_special_tokens(folder);
    return {{"tokens", tokens},
            {"only_named", more},
            {"named", names},
            {"bos", ends.bos ? Json(*ends.bos) : Json(nullptr)},
            {"eos", ends.eos ? Json(*ends.eos) : Json(nullptr)},
            {"add_bos", flag(config, "add_bos_token")},
            {"add_eos", flag(config, "add_eos_token")}};
}

}  // namespace ovenbird
