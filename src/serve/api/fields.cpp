#include "serve/api/fields.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.hpp"

namespace ovenbird {
namespace {

const Json kNull = nullptr;

bool says_nothing(const Json& value) {
    return value.is_null() || value == false || value == 0 ||
           (value.is_string() && value.get_ref<const std::string&>().empty()) ||
           (value.is_structured() && value.empty());
}

}  // namespace

void refuse(const std::string& parameter, const std::string& message) {
    throw ApiError(400, "invalid_request_error", message, parameter);
}

Fields::Fields(const Json& object, std::string where) : object_(&object), where_(std::move(where)) {
    if (!object.is_object())
        refuse(where_, fmt::format("{} must be a JSON object", where_.empty() ? "the request" : where_));
}

std::string Fields::path(std::string_view name) const {
    return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

const Json& Fields::at(std::string_view name) const {
    const auto found = object_->find(name);
    return found == object_->end() ? kNull : *found;
}

bool Fields::has(std::string_view name) const {
    return !at(name).is_null();
}

std::optional<bool> Fields::boolean(std::string_view name) const {
    const Json& value = at(name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_boolean()) refuse(path(name), fmt::format("{} must be true or false", path(name)));
    return value.get<bool>();
}

std::optional<std::string> Fields::text(std::string_view name) const {
    const Json& value = at(name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_string()) refuse(path(name), fmt::format("{} must be a string", path(name)));
    return value.get<std::string>();
}

std::optional<double> Fields::number(std::string_view name, double low, double high) const {
    const Json& value = at(name);
    if (value.is_null()) return std::nullopt;
    const double number = value.is_number() ? value.get<double>() : std::nan("");
    if (!(number >= low && number <= high))
        refuse(path(name), fmt::format("{} must be a number from {} to {}", path(name), low, high));
    return number;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t low, int64_t high) const {
    const Json& value = at(name);
    if (value.is_null()) return std::nullopt;
    std::optional<int64_t> number;
    if (value.is_number_unsigned()) {
        if (value.get<uint64_t>() <= uint64_t{INT64_MAX}) number = value.get<int64_t>();
    } else if (value.is_number_integer()) {
        number = value.get<int64_t>();
    } else if (value.is_number_float()) {
        // 5.0 is what some clients send for 5.
        const auto given = value.get<double>();
        if (std::abs(given) < 0x1p63 && given == std::floor(given)) number = static_cast<int64_t>(given);
    }
    if (!number || *number < low || *number > high)
        refuse(path(name), fmt::format("{} must be a whole number from {} to {}", path(name), low, high));
    return number;
}

const Json& Fields::array(std::string_view name) const {
    const Json& value = at(name);
    if (!value.is_null() && !value.is_array())
        refuse(path(name), fmt::format("{} must be a list", path(name)));
    return value;
}

std::string Fields::needed_text(std::string_view name) const {
    auto value = text(name);
    if (!value || value->empty()) refuse(path(name), fmt::format("{} is missing", path(name)));
    return *value;
}

void Fields::refuse_given(std::initializer_list<std::string_view> names) const {
    for (const auto name : names) {
        if (!says_nothing(at(name)))
            refuse(path(name), fmt::format("{} is not supported here; leave it out", path(name)));
    }
}

void Fields::refuse_unless(std::string_view name, const Json& usual) const {
    const Json& value = at(name);
    if (!value.is_null() && value != usual)
        refuse(path(name), fmt::format("{} other than {} is not supported here", path(name), usual.dump()));
}

Json parse_body(std::string_view body) {
    try {
        Json json = parse_json(body, "the request");
        if (!json.is_object()) refuse("", "the request's body must be a JSON object");
        (void)json.dump();  // what is not UTF-8 throws
        return json;
    } catch (const Error& error) {
        refuse("", error.what());
    } catch (const Json::exception&) {
        refuse("", "the request's body is not valid UTF-8");
    }
}

std::string content_text(const Json& content, const std::string& where) {
    if (content.is_null()) return "";
    if (content.is_string()) return content.get<std::string>();
    if (!content.is_array()) refuse(where, fmt::format("{} must be a string or a list of parts", where));
    std::string text;
    for (size_t i = 0; i < content.size(); ++i) {
        const Fields part(content[i], fmt::format("{}[{}]", where, i));
        const std::string type = part.text("type").value_or("text");
        if (type == "refusal") {
            text += part.needed_text("refusal");
        } else if (type == "text" || type == "input_text" || type == "output_text") {
            const auto piece = part.text("text");
            if (!piece) refuse(part.path("text"), fmt::format("{} is missing", part.path("text")));
            text += *piece;
        } else {
            refuse(part.path("type"),
                   fmt::format("a part of type '{}' cannot be read: this model takes text only", type));
        }
    }
    return text;
}

std::vector<std::string> stop_strings(const Fields& fields, std::string_view name, size_t most) {
    const Json& value = fields.at(name);
    if (value.is_null()) return {};
    if (value.is_string()) {
        auto text = value.get<std::string>();
        if (text.empty()) return {};
        return {std::move(text)};
    }
    const bool is_list =
        value.is_array() && value.size() <= most &&
        std::all_of(value.begin(), value.end(), [](const Json& each) { return each.is_string(); });
    if (!is_list)
        refuse(fields.path(name),
               fmt::format("{} must be a string or a list of at most {} strings", fields.path(name), most));
    auto stops = value.get<std::vector<std::string>>();
    std::erase(stops, "");  // would end every answer before it begins
    return stops;
}

Json checked_tools(const Fields& fields) {
    const Json& tools = fields.array("tools");
    if (tools.is_null() || tools.empty()) return nullptr;
    for (size_t i = 0; i < tools.size(); ++i) {
        const Fields tool(tools[i], fmt::format("{}[{}]", fields.path("tools"), i));
        if (const auto type = tool.needed_text("type"); type != "function")
            refuse(tool.path("type"),
                   fmt::format("a tool of type '{}' is not supported; functions are", type));
        const Fields function(tool.at("function"), tool.path("function"));
        (void)function.needed_text("name");
        if (function.has("parameters")) (void)Fields(function.at("parameters"), function.path("parameters"));
    }
    return tools;
}

Json arguments_for_template(const Json& arguments) {
    if (arguments.is_null()) return Json::object();
    if (!arguments.is_string()) return arguments;
    const auto& text = arguments.get_ref<const std::string&>();
    if (text.empty()) return Json::object();
    const Json parsed = Json::parse(text, nullptr, false);
    return parsed.is_object() ? parsed : arguments;
}

void check_tool_choice(const ToolChoice& choice, const Json& tools) {
    using Kind = ToolChoice::Kind;
    if (tools.is_null() && (choice.kind == Kind::required || choice.kind == Kind::function))
        refuse("tool_choice", "tool_choice asks for a call, and there are no tools");
    if (choice.kind != Kind::function) return;
    const bool known = std::any_of(tools.begin(), tools.end(), [&](const Json& tool) {
        return tool.at("function").at("name") == choice.function;
    });
    if (!known)
        refuse("tool_choice",
               fmt::format("tool_choice names '{}', and no tool has that name", choice.function));
}

void keep_allowed_tools(const Fields& allowed, Json& tools) {
    Json kept = Json::array();
    const Json& named = allowed.array("tools");
    for (size_t i = 0; i < named.size(); ++i) {
        const Fields tool(named[i], fmt::format("{}[{}]", allowed.path("tools"), i));
        if (tool.needed_text("type") != "function") continue;
        const Fields function =
            tool.has("function") ? Fields(tool.at("function"), tool.path("function")) : tool;
        const std::string name = function.needed_text("name");
        const auto found = std::find_if(tools.begin(), tools.end(), [&](const Json& each) {
            return each.at("function").at("name") == name;
        });
        if (found == tools.end())
            refuse(function.path("name"),
                   fmt::format("tool_choice names '{}', and no tool has that name", name));
        kept.push_back(*found);
    }
    tools = kept.empty() ? Json(nullptr) : kept;
}

}  // namespace ovenbird
