#pragma once
// Stage 2: each form of the decoder, shaped, written over the one weights file and verified from disk.

#include <filesystem>

#include "bake/forms/ir_file.hpp"
#include "bake/plan_forms.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Writes the graphs of one form below `folder`, beside the weights file that `decoder` was read over; looks
/// at each as re-read from disk (every shape a number, inputs of the known types); records them in the
/// manifest. Errors: verification, naming each node; unsupported; io; no_space; interrupted.
void write_form(const PlannedForm& form, const FormsPlan& plan, const ReadModel& decoder,
                const std::filesystem::path& folder, Manifest& manifest);

}  // namespace ovenbird
