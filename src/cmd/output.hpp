#pragma once
// Standard output: every command writes to it here, so that a reader who goes away is told from a full disk.

#include <fmt/format.h>

#include <exception>
#include <string_view>
#include <utility>

namespace ovenbird {

/// As shells report a program that a closed pipe ended.
inline constexpr int kOutputClosedStatus = 141;

/// Nobody reads standard output any more, as after `| head`: the command cleans up and ends without a word.
class OutputClosed : public std::exception {
public:
    const char* what() const noexcept override { return "standard output was closed by its reader"; }
};

/// Writes now, buffers nothing. Errors: OutputClosed, no_space, io.
void write_output(std::string_view text);
/// The same for callbacks that say whether to go on; what is written next tells the reason.
bool try_output(std::string_view text);

template <typename... Args>
void print_output(fmt::format_string<Args...> format, Args&&... args) {
    write_output(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ovenbird
