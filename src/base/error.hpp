#pragma once
// How errors are thrown inside.

#include <fmt/format.h>

#include <string>
#include <utility>

#include "ovenbird/error.hpp"

namespace ovenbird {

/// Formats a message and throws it as an Error.
template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ovenbird
