#pragma once
// Several IR graphs over one weights file: constants that the file already holds are referred to, new ones
// appended.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <openvino/core/model.hpp>
#include <span>

#include "base/platform/mapped_file.hpp"

namespace ovenbird {

/// Writes `model` as `xml` with its constants in `bin`, which exists. `mapped` is a view of the start of
/// `bin`: a constant whose data lies inside it keeps that place and is not written; nor is one whose bytes
/// earlier graphs appended. The others are appended, each aligned to 64 bytes. Syncs both files. Errors: io,
/// no_space, internal when OpenVINO's serialiser leaves its documented form.
void write_ir(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& xml,
              const std::filesystem::path& bin, std::span<const std::byte> mapped);

/// What write_ir() would write of a model, about: its text, and all its constants.
struct IrSize {
    uint64_t xml_bytes = 0;
    uint64_t bin_bytes = 0;
};
IrSize size_of_ir(const std::shared_ptr<ov::Model>& model);

/// A model read by a plain ov::Core, its constants views of the mapped weights file.
struct ReadModel {
    std::shared_ptr<const MappedFile> weights;  // must outlive the model
    std::shared_ptr<ov::Model> model;
};

/// Reads `xml` over `bin`, mapping the weights once. Errors: not_found, io, invalid_input (not an IR).
ReadModel read_ir(const std::filesystem::path& xml, const std::filesystem::path& bin);

}  // namespace ovenbird
