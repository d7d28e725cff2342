#pragma once
// An OpenVINO IR that others exported, as the source of a bake.

#include <filesystem>
#include <optional>
#include <string>

#include "bake/freeze/freeze.hpp"
#include "base/report.hpp"

namespace ovenbird {

struct IrSource {
    std::filesystem::path xml;
    std::filesystem::path bin;
    std::string model_type;  // of the config.json beside it; empty where there is none
};

/// The IR that `source` names: an .xml file, or a folder with openvino_model.xml and no safetensors. Empty
/// for any other source. Errors: not_found when the .bin is missing.
std::optional<IrSource> find_ir_source(const std::filesystem::path& source);

/// Copies the IR as the dynamic model of a bake: the copy may be appended to, the source is never touched.
/// Errors: io, no_space, invalid_input (no IR).
WeightCount copy_ir(const IrSource& source, const std::filesystem::path& folder, Reporter& reporter);

}  // namespace ovenbird
