#pragma once
// A baked folder, opened on the first device that takes it, in the form that is best there.

#include <filesystem>
#include <memory>

#include "device/device.hpp"
#include "model/form.hpp"
#include "model/manifest.hpp"
#include "ovenbird/session.hpp"
#include "run/engine.hpp"

namespace ovenbird {

struct OpenedEngine {
    std::unique_ptr<Engine> engine;
    std::vector<PassedOver> passed_over;
    double compile_seconds = 0;
    std::string blob_note;  // which blob was loaded, or why none was
};

/// The loop without a cache: `model_xml` is any static [1, N] IR. Errors: those of compile_first and
/// StaticEngine.
OpenedEngine open_stateless(const std::filesystem::path& model_xml, const DeviceOptions& options,
                            int64_t pad_id);

/// One form with a cache on one device. Errors: device, unsupported, invalid_input.
std::unique_ptr<Engine> open_form(const std::string& device, Form form, const std::filesystem::path& folder,
                                  const Manifest& manifest, const DeviceOptions& options, int64_t pad_id);

/// With a cache: the stateful dynamic graph where the device takes dynamic shapes, the static ones on an NPU,
/// or everywhere for a `form`. Errors: unsupported when the folder has no such graphs; device when none
/// takes them.
OpenedEngine open_cached(const std::filesystem::path& folder, const DeviceOptions& options, int64_t pad_id,
                         StaticForm form);

}  // namespace ovenbird
