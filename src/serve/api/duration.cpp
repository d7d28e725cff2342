#include "serve/api/duration.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

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

std::string iso_time(int64_t seconds_since_1970) {
    using std::chrono::days;
    const std::chrono::sys_seconds time{std::chrono::seconds(seconds_since_1970)};
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace ovenbird
