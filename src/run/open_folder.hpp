#pragma once
// A baked folder in the form that it is meant for: with a cache where it has the graphs.

#include <filesystem>

#include "model/manifest.hpp"
#include "run/open_engine.hpp"

namespace ovenbird {

struct OpenForm {
    bool stateless = false;
    StaticForm form = StaticForm::none;
};

/// `manifest`: the folder's. Errors: those of open_cached and open_stateless.
OpenedEngine open_folder(const std::filesystem::path& folder, const Manifest& manifest, DeviceOptions device,
                         int64_t pad_id, OpenForm form);

}  // namespace ovenbird
