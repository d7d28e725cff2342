#pragma once
// A baked folder, opened on the first device that takes it, in the form that is best there.

#include <filesystem>
#include <memory>
#include <optional>

#include "device/device.hpp"
#include "model/form.hpp"
#include "model/manifest.hpp"
#include "ovenbird/session.hpp"
#include "run/engine.hpp"

namespace ovenbird {

struct OpenOptions {
    DeviceOptions device{};
    FormChoice form = FormChoice::best;
    /// Any static [1, N] IR, where there is no manifest.
    std::filesystem::path model_xml{};
    /// Whether the first step is compared with what the bake recorded. None: on every device but the CPU,
    /// which is what the bake itself asked.
    std::optional<bool> validate{};
};

struct OpenedEngine {
    std::unique_ptr<Engine> engine;
    Form form = Form::window;
    std::vector<PassedOver> passed_over;
    double compile_seconds = 0;
};

/// Most tokens of a sequence with a cache, as the folder has the graphs and `form` wants them; 0: the whole
/// window is computed for every token. `manifest`: none for an IR that ovenbird bake did not make. Errors:
/// unsupported, when the folder has no graphs for `form`.
int64_t cached_context(const std::filesystem::path& folder, const std::optional<Manifest>& manifest,
                       FormChoice form);

/// Opens the folder. Whatever a person should hear (a device passed over, a blob refused, a form that could
/// not be used) goes to options.device.on_note. A device whose first step says something else than the bake
/// recorded is passed over, first without the blobs that were compiled ahead of time. Errors: unsupported and
/// those of open_form; device when none takes it, each with its reason.
OpenedEngine open_engine(const std::filesystem::path& folder, const std::optional<Manifest>& manifest,
                         const OpenOptions& options, int64_t pad_id);

/// One form with a cache on one device. Errors: device, unsupported, invalid_input, not_found.
std::unique_ptr<Engine> open_form(const std::string& device, Form form, const std::filesystem::path& folder,
                                  const Manifest& manifest, const DeviceOptions& options, int64_t pad_id);

/// The loop without a cache over a static [1, N] IR. `options.blobs` are tried first on an NPU. Errors: as
/// open_form.
std::unique_ptr<Engine> open_window(const std::string& device, const std::filesystem::path& model_xml,
                                    const DeviceOptions& options, int64_t pad_id);

}  // namespace ovenbird
