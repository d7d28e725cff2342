#pragma once
// The key-value pairs of a GGUF file, with getters that say which key was wrong.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ovenbird {

using GgufStrings = std::vector<std::string_view>;
using GgufFloats = std::vector<float>;
using GgufIntegers = std::vector<int64_t>;
/// monostate: a kind that no reader here wants (nested arrays, arrays of booleans or doubles).
using GgufValue = std::variant<std::monostate, int64_t, uint64_t, double, float, bool, std::string_view,
                               GgufStrings, GgufFloats, GgufIntegers>;

class GgufMetadata {
public:
    GgufMetadata() = default;
    explicit GgufMetadata(std::string origin) : origin_(std::move(origin)) {}
    const std::string& origin() const { return origin_; }
    /// False when the key is there already.
    bool insert(std::string key, GgufValue value) {
        return values_.emplace(std::move(key), std::move(value)).second;
    }
    bool has(std::string_view key) const { return values_.find(key) != values_.end(); }
    bool is_list(std::string_view key) const;  // of whole numbers

    // Nothing where the key is absent; invalid_input where its value is of another kind.
    std::optional<int64_t> integer(std::string_view key) const;
    std::optional<double> number(std::string_view key) const;
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::string_view> text(std::string_view key) const;
    const GgufStrings* texts(std::string_view key) const;
    const GgufFloats* floats(std::string_view key) const;
    const GgufIntegers* integers(std::string_view key) const;
    // The same, invalid_input where the key is absent.
    int64_t required_integer(std::string_view key) const;
    double required_number(std::string_view key) const;

private:
    const GgufValue* find(std::string_view key) const;
    [[noreturn]] void wrong(std::string_view key, const char* expected) const;
    [[noreturn]] void missing(std::string_view key) const;

    std::string origin_;
    std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace ovenbird
