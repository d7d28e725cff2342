#pragma once
// errno as an ovenbird::Error: a full disk is told apart from every other refusal.

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"
#include "base/platform/full_disk.hpp"

namespace ovenbird {

/// Throws `number` as an Error that names the path and what was being done to it.
[[noreturn]] inline void fail_errno(const std::filesystem::path& path, const char* doing,
                                    int number = errno) {
    if (means_no_space(number)) {
        fail(ErrorCode::no_space, "{}: cannot {}: the disk is full; free some space and try again",
             path.string(), doing);
    }
    if (number == ENOENT) {
        fail(ErrorCode::not_found, "{}: cannot {}: no such file or folder", path.string(), doing);
    }
    fail(ErrorCode::io, "{}: cannot {}: {}", path.string(), doing, std::strerror(number));
}

}  // namespace ovenbird
