#include "serve/tools/schema_value.hpp"

#include <algorithm>

#include "serve/tools/json_scanner.hpp"
#include "serve/tools/marks.hpp"

namespace ovenbird {
namespace {

void add_types(const Json& schema, std::vector<std::string>& types) {
    const auto type = schema.find("type");
    if (type == schema.end()) return;
    if (type->is_string()) types.push_back(type->get<std::string>());
    if (!type->is_array()) return;
    for (const auto& one : *type) {
        if (one.is_string()) types.push_back(one.get<std::string>());
    }
}

bool is_of(const std::string& json, const std::string& type) {
    const char first = json.front();
    if (type == "object") return first == '{';
    if (type == "array") return first == '[';
    if (type == "boolean") return first == 't' || first == 'f';
    if (type == "null") return first == 'n';
    return (type == "integer" || type == "number") && (first == '-' || (first >= '0' && first <= '9'));
}

}  // namespace

std::vector<std::string> types_of(const Json& parameters, const std::string& key) {
    std::vector<std::string> types;
    if (!parameters.is_object()) return types;
    const auto properties = parameters.find("properties");
    if (properties == parameters.end() || !properties->is_object()) return types;
    const auto schema = properties->find(key);
    if (schema == properties->end() || !schema->is_object()) return types;
    add_types(*schema, types);
    for (const char* either : {"anyOf", "oneOf"}) {
        const auto list = schema->find(either);
        if (list == schema->end() || !list->is_array()) continue;
        for (const auto& one : *list) {
            if (one.is_object()) add_types(one, types);
        }
    }
    const auto values = schema->find("enum");
    if (types.empty() && values != schema->end() && values->is_array() && !values->empty() &&
        std::all_of(values->begin(), values->end(), [](const Json& one) { return one.is_string(); }))
        types.emplace_back("string");
    return types;
}

std::string json_value_of(std::string_view text, const std::vector<std::string>& types) {
    std::string_view trimmed = text;
    while (!trimmed.empty() && is_blank(trimmed.front()))
        trimmed.remove_prefix(1);
    while (!trimmed.empty() && is_blank(trimmed.back()))
        trimmed.remove_suffix(1);
    std::string json(trimmed);
    if (json == "True") json = "true";
    if (json == "False") json = "false";
    if (json == "None") json = "null";
    if (json.empty() || !is_json(json)) return json_quoted(text);
    const bool fits =
        std::any_of(types.begin(), types.end(), [&](const auto& type) { return is_of(json, type); });
    const bool string = std::find(types.begin(), types.end(), "string") != types.end();
    if (!fits && string) return json_quoted(text);
    return json;
}

}  // namespace ovenbird
