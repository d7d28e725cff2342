#pragma once
// The folded form of a decoder, written: see bake/forms/fold_layers.hpp.

#include <filesystem>

#include "bake/forms/ir_file.hpp"
#include "bake/plan_forms.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Writes the folded graphs below `folder`, each with its own small .bin, and records in the manifest which
/// bytes of openvino_model.bin they take. Weights that only they have are appended to it. Errors: as
/// write_form(); unsupported when the layers cannot be folded.
void write_folded(const PlannedForm& form, const ReadModel& decoder, const std::filesystem::path& folder,
                  Manifest& manifest);

}  // namespace ovenbird
