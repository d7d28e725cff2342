#pragma once
// Reading JSON that strangers wrote: every access says which file and which key, and what was expected.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ovenbird {

using Json = nlohmann::ordered_json;

/// The text behind a UTF-8 byte order mark, which editors on Windows write at the head of a file.
std::string_view without_byte_order_mark(std::string_view text);
/// Parses text, a byte order mark at its head left out; `origin` (a file name) is named in errors. Errors:
/// invalid_input (syntax, with line and column; nesting deeper than 200).
Json parse_json(std::string_view text, const std::string& origin);
/// Reads and parses a file. Errors: not_found, io, invalid_input.
Json read_json(const std::filesystem::path& path);

/// A JSON object with the name of where it came from. Getters throw invalid_input for a value of another
/// type; a key that is absent or null gives the fallback, or throws where there is none.
class JsonObject {
public:
    /// Errors: invalid_input when `value` is not an object. `value` must outlive this view.
    JsonObject(const Json& value, std::string origin);
    const std::string& origin() const { return origin_; }
    const Json& json() const { return *value_; }
    bool has(std::string_view key) const;  // present and not null
    int64_t integer(std::string_view key) const;
    int64_t integer_or(std::string_view key, int64_t fallback) const;
    /// Errors also outside [low, high].
    int64_t integer_in(std::string_view key, int64_t low, int64_t high) const;
    double number(std::string_view key) const;
    double number_or(std::string_view key, double fallback) const;
    bool boolean_or(std::string_view key, bool fallback) const;
    std::string text(std::string_view key) const;
    std::string text_or(std::string_view key, const std::string& fallback) const;
    /// An array, whatever is in it.
    const Json& array(std::string_view key) const;
    std::vector<double> numbers(std::string_view key) const;
    /// The nested object, or nothing when absent or null.
    std::optional<JsonObject> object(std::string_view key) const;

private:
    const Json* find(std::string_view key) const;
    [[noreturn]] void wrong(std::string_view key, const char* expected) const;
    const Json* value_;
    std::string origin_;
};

}  // namespace ovenbird
