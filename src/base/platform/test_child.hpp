#pragma once
// For tests: the test program started once more, to do one thing instead of testing.

#include <filesystem>
#include <string>
#include <vector>

#include "base/platform/files.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {

/// The command that does `role` (see test_child.cpp).
inline std::vector<std::string> test_child(std::vector<std::string> role) {
    role.insert(role.begin(), {own_program().string(), "--child"});
    return role;
}

/// Whether a child that was told to hold this lock is there. Never true of a dead one.
inline bool is_locked(const std::filesystem::path& lock) {
    return std::filesystem::exists(lock) && !FileLock::try_lock(lock).held();
}

}  // namespace ovenbird
