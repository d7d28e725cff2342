#pragma once
// Times as Ollama's clients write them.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ovenbird {

/// "5m", "1h30m", "90s", "1.5h", "300ms", "90" (seconds), "-1" (or anything negative): for ever. Nothing for
/// what is none of these.
std::optional<std::chrono::seconds> duration_of(std::string_view text);

/// "2026-11-30T04:40:00Z".
std::string iso_time(int64_t seconds_since_1970);

}  // namespace ovenbird
