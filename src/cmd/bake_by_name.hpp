#pragma once
// The bake that a name has at its first use; without_bake.cpp stands where nothing can be baked.

#include <filesystem>

#include "base/report.hpp"
#include "hub/model_name.hpp"

namespace ovenbird {

/// Downloads `name` and bakes it into `place` with the usual options for the devices of this machine. Returns
/// the baked folder: `place`, or the download where that is one. Errors: those of pull() and bake();
/// unsupported where nothing can be baked.
std::filesystem::path baked_now(const ModelName& name, const std::filesystem::path& place,
                                Reporter& reporter);

}  // namespace ovenbird
