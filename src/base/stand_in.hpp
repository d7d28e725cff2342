#pragma once
// Files that only stand in for what their name says: Git LFS pointers, web pages, error messages of servers.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ovenbird {

/// How many bytes of a file stand_in() wants to see.
inline constexpr size_t kStandInBytes = 512;

enum class StandIn { lfs_pointer, web_page, server_message };

/// What a file that begins so really is; nothing for one that may be what its name says. `extension` with its
/// dot: an .xml file may begin as XML, and no binary file begins as HTML.
std::optional<StandIn> stand_in(std::string_view beginning, std::string_view extension);

/// "is a Git LFS pointer, not the file itself: run 'git lfs pull' in its folder", for behind the file's name.
const char* stand_in_text(StandIn kind);

/// Errors: invalid_input when a file of the folder that a model consists of (or the file itself) is a
/// stand-in; says how many are, and names some.
void refuse_stand_ins(const std::filesystem::path& source);

}  // namespace ovenbird
