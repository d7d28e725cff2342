#include "serve/api/duration.hpp"

#include <charconv>
#include <cmath>

namespace ovenbird {
namespace {

constexpr double kLongest = 1e9;

std::optional<double> seconds_of(std::string_view unit) {
    if (unit.empty() || unit == "s") return 1;
    if (unit == "ms") return 1e-3;
    if (unit == "m") return 60;
    if (unit == "h") return 3600;
    return std::nullopt;
}

}  // namespace

std::optional<std::chrono::seconds> duration_of(std::string_view text) {
    if (text.empty()) return std::nullopt;
    double whole = 0;
    while (!text.empty()) {
        double number = 0;
        const auto [end, fault] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (fault != std::errc() || !std::isfinite(number)) return std::nullopt;
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        const size_t next = text.find_first_of("-0123456789.");
        const auto unit = seconds_of(text.substr(0, next));
        if (!unit) return std::nullopt;
        text.remove_prefix(next == std::string_view::npos ? text.size() : next);
        whole += number * *unit;
        if (number < 0) return std::chrono::seconds(-1);
    }
    return std::chrono::seconds(static_cast<int64_t>(std::min(whole, kLongest)));
}

}  // namespace ovenbird
