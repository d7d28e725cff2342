#pragma once
// For tests: how a program of ours breaks down, and what it then says to the program that started it.

#include <functional>
#include <string_view>

namespace ovenbird {

/// Ends this process as a pointer to nowhere does, whatever handlers a sanitizer has installed.
[[noreturn]] void crash();

/// Writes bytes to the parent as they are: a FrameParent sends only what is a message. To be called before
/// that takes standard input over.
std::function<void(std::string_view bytes)> raw_parent();

}  // namespace ovenbird
