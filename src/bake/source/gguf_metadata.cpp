#include "bake/source/gguf_metadata.hpp"

#include <charconv>
#include <limits>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// The double that a person would have written: 1e-05, not 9.999999747378752e-06. Not by strtod, which stops
// at the point where the locale has a comma.
double shortest(float value) {
    const std::string text = fmt::format("{}", value);
    double result = value;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
}

}  // namespace

const GgufValue* GgufMetadata::find(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
}

bool GgufMetadata::is_list(std::string_view key) const {
    const GgufValue* value = find(key);
    return value != nullptr && std::holds_alternative<GgufIntegers>(*value);
}

void GgufMetadata::wrong(std::string_view key, const char* expected) const {
    fail(ErrorCode::invalid_input, "{}: metadata {}: expected {}", origin_, key, expected);
}

void GgufMetadata::missing(std::string_view key) const {
    fail(ErrorCode::invalid_input,
         "{}: metadata {} is missing; convert the model again with a current converter", origin_, key);
}

std::optional<int64_t> GgufMetadata::integer(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* number = std::get_if<int64_t>(value)) return *number;
    if (const auto* number = std::get_if<uint64_t>(value)) {
        if (*number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            return static_cast<int64_t>(*number);
        }
    }
    wrong(key, "one whole number");
}

std::optional<double> GgufMetadata::number(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* number = std::get_if<float>(value)) return shortest(*number);
    if (const auto* number = std::get_if<double>(value)) return *number;
    if (const auto* number = std::get_if<int64_t>(value)) return static_cast<double>(*number);
    if (const auto* number = std::get_if<uint64_t>(value)) return static_cast<double>(*number);
    wrong(key, "one number");
}

std::optional<bool> GgufMetadata::boolean(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* flag = std::get_if<bool>(value)) return *flag;
    wrong(key, "a boolean");
}

std::optional<std::string_view> GgufMetadata::text(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* string = std::get_if<std::string_view>(value)) return *string;
    wrong(key, "a string");
}

const GgufStrings* GgufMetadata::texts(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return nullptr;
    if (const auto* list = std::get_if<GgufStrings>(value)) return list;
    wrong(key, "an array of strings");
}

const GgufFloats* GgufMetadata::floats(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return nullptr;
    if (const auto* list = std::get_if<GgufFloats>(value)) return list;
    wrong(key, "an array of 32-bit floats");
}

const GgufIntegers* GgufMetadata::integers(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return nullptr;
    if (const auto* list = std::get_if<GgufIntegers>(value)) return list;
    wrong(key, "an array of whole numbers");
}

int64_t GgufMetadata::required_integer(std::string_view key) const {
    const auto value = integer(key);
    if (!value) missing(key);
    return *value;
}

double GgufMetadata::required_number(std::string_view key) const {
    const auto value = number(key);
    if (!value) missing(key);
    return *value;
}

}  // namespace ovenbird
