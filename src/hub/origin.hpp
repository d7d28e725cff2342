#pragma once
// From which repository files of the hub's cache came.

#include <filesystem>
#include <optional>
#include <vector>

#include "model/manifest.hpp"

namespace ovenbird {

/// What the paths tell (…/models--ORG--NAME/snapshots/COMMIT/…), the cache's links and its list of files.
/// Nothing for files from elsewhere.
std::optional<HubOrigin> hub_origin(const std::filesystem::path& source,
                                    const std::vector<std::filesystem::path>& files);

}  // namespace ovenbird
