#pragma once
// An OpenVINO IR that others exported, as the source of a bake.

#include <filesystem>
#include <memory>

#include "bake/decoder_source.hpp"

namespace ovenbird {

/// The IR that `source` names: an .xml file, or a folder with openvino_model.xml and no safetensors. Null for
/// any other source. Reads its graph and maps its weights, which are never changed. Errors: not_found when
/// the .bin is missing, invalid_input, unsupported.
std::unique_ptr<DecoderSource> open_ir_source(const std::filesystem::path& source);

}  // namespace ovenbird
