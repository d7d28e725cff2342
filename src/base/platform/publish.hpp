#pragma once
// How a folder is published where the file system cannot swap two names; apart so that it can be tested
// anywhere.

#include <filesystem>

namespace ovenbird {

/// Moves an existing `to` beside `from`, then `from` to `to`: a crash in between leaves both complete, and
/// recover_folder() undoes it. Errors: io, with `to` as it was.
void publish_by_moving_aside(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace ovenbird
