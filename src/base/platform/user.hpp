#pragma once
// Who runs the program, and what that user may open.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ovenbird {

struct User {
    std::string name;              // its number where the system knows no name
    std::vector<uint32_t> groups;  // of this process: a group given since the user logged in is not there
};
User current_user();

/// Whether this process may open the file for reading and writing, access lists and capabilities included.
bool may_read_and_write(const std::filesystem::path& path);
/// The number of the group that a file belongs to; nothing where it is not there.
std::optional<uint32_t> group_of_file(const std::filesystem::path& path);

}  // namespace ovenbird
