#include "base/json.hpp"

#include <algorithm>
#include <cmath>

#include "base/cut_text.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/stand_in.hpp"

namespace ovenbird {
namespace {

constexpr int kDeepestNesting = 200;

std::string place_in(std::string_view text, size_t byte) {
    const std::string_view before = text.substr(0, std::min(byte, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const size_t newline = before.rfind('\n');
    const size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
    return fmt::format("line {}, column {}", line, column);
}

// Python writes NaN and Infinity, which JSON does not have: they become null. Nothing where there are none.
std::optional<std::string> without_odd_numbers(std::string_view text) {
    std::string plain;
    bool found = false;
    bool quoted = false;
    for (size_t i = 0; i < text.size();) {
        const std::string_view rest = text.substr(i);
        size_t taken = 1;
        if (quoted && rest[0] == '\\') {
            taken = std::min<size_t>(2, rest.size());
        } else if (rest[0] == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            for (const std::string_view odd : {"NaN", "Infinity", "-Infinity"}) {
                if (!rest.starts_with(odd)) continue;
                plain += "null";
                i += odd.size();
                found = true;
                taken = 0;
                break;
            }
        }
        plain += text.substr(i, taken);
        i += taken;
    }
    return found ? std::optional(std::move(plain)) : std::nullopt;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    return text;
}

Json parse_json(std::string_view text, const std::string& origin) {
    const auto limit_depth = [&](int depth, Json::parse_event_t, Json&) {
        if (depth > kDeepestNesting) {
            fail(ErrorCode::invalid_input, "{}: JSON is nested deeper than {} levels", origin,
                 kDeepestNesting);
        }
        return true;
    };
    text = without_byte_order_mark(text);
    try {
        return Json::parse(text, limit_depth);
    } catch (const nlohmann::json::parse_error& error) {
        if (const auto kind = stand_in(text, ".json"))
            fail(ErrorCode::invalid_input, "{} {}", origin, stand_in_text(*kind));
        if (const auto plain = without_odd_numbers(text)) return parse_json(*plain, origin);
        fail(ErrorCode::invalid_input, "{}: not valid JSON at {}", origin,
             place_in(text, error.byte > 0 ? error.byte - 1 : 0));
    } catch (const nlohmann::json::exception&) {
        fail(ErrorCode::invalid_input, "{}: holds a number that is too large", origin);
    }
}

Json read_json(const std::filesystem::path& path) {
    return parse_json(read_file(path), path.string());
}

JsonObject::JsonObject(const Json& value, std::string origin) : value_(&value), origin_(std::move(origin)) {
    if (!value.is_object()) fail(ErrorCode::invalid_input, "{}: expected a JSON object", origin_);
}

const Json* JsonObject::find(std::string_view key) const {
    const auto found = value_->find(key);
    return found == value_->end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::wrong(std::string_view key, const char* expected) const {
    const Json* value = find(key);
    if (value == nullptr)
        fail(ErrorCode::invalid_input, "{}: '{}' is missing, expected {}", origin_, key, expected);
    const std::string shown = cut_text(value->dump(-1, ' ', false, Json::error_handler_t::replace), 60);
    fail(ErrorCode::invalid_input, "{}: '{}' is {}, expected {}", origin_, key, shown, expected);
}

bool JsonObject::has(std::string_view key) const {
    return find(key) != nullptr;
}

int64_t JsonObject::integer(std::string_view key) const {
    const Json* value = find(key);
    const char* expected = "an integer";
    if (value == nullptr) wrong(key, expected);
    if (value->is_number_unsigned() && value->get<uint64_t>() > uint64_t{INT64_MAX}) wrong(key, expected);
    if (value->is_number_integer()) return value->get<int64_t>();
    // Some exporters write 4096.0 where 4096 is meant.
    if (value->is_number_float()) {
        const double number = value->get<double>();
        if (std::trunc(number) == number && std::abs(number) < 9e15) return static_cast<int64_t>(number);
    }
    wrong(key, expected);
}

int64_t JsonObject::integer_or(std::string_view key, int64_t fallback) const {
    return has(key) ? integer(key) : fallback;
}

int64_t JsonObject::integer_in(std::string_view key, int64_t low, int64_t high) const {
    const int64_t value = integer(key);
    if (value < low || value > high) wrong(key, fmt::format("an integer from {} to {}", low, high).c_str());
    return value;
}

const Json& JsonObject::array(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_array()) wrong(key, "an array");
    return *value;
}

std::vector<double> JsonObject::numbers(std::string_view key) const {
    const Json& list = array(key);
    if (!std::all_of(list.begin(), list.end(), [](const Json& each) { return each.is_number(); }))
        wrong(key, "an array of numbers");
    return list.get<std::vector<double>>();
}

double JsonObject::number(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_number()) wrong(key, "a number");
    return value->get<double>();
}

double JsonObject::number_or(std::string_view key, double fallback) const {
    return has(key) ? number(key) : fallback;
}

bool JsonObject::boolean_or(std::string_view key, bool fallback) const {
    const Json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) wrong(key, "true or false");
    return value->get<bool>();
}

std::string JsonObject::text(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_string()) wrong(key, "a text");
    return value->get<std::string>();
}

std::string JsonObject::text_or(std::string_view key, const std::string& fallback) const {
    return has(key) ? text(key) : fallback;
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) wrong(key, "an object");
    return JsonObject(*value, fmt::format("{}: {}", origin_, key));
}

}  // namespace ovenbird
