#pragma once
// A GGUF model in one file or in the parts that llama-gguf-split made of it.

#include <filesystem>
#include <memory>
#include <vector>

#include "bake/source/gguf_header.hpp"
#include "base/platform/mapped_file.hpp"

namespace ovenbird {

/// One file. The header's text points into the map.
struct GgufPart {
    std::shared_ptr<const MappedFile> map;
    GgufHeader header;
};

/// The files of the model that `path` is a part of, in order (NAME-00001-of-00003.gguf and so on, in the same
/// folder); only `path` where the metadata's split.count says nothing of parts. Looks at no file. Errors:
/// invalid_input (more than 4096 parts; a name that is none of a part or says another number of parts).
std::vector<std::filesystem::path> gguf_part_paths(const std::filesystem::path& path,
                                                   const GgufMetadata& metadata);

/// Opens the file, or all parts of its model, in order; the first one has the model's metadata. No two parts
/// have a tensor of one name. Errors: as MappedFile::open(), parse_gguf() and gguf_part_paths(); not_found
/// (names the missing parts); invalid_input (a part that is not of this model, or not the one that its name
/// says; tensors that are missing or there twice).
std::vector<GgufPart> open_gguf_parts(const std::filesystem::path& path);

}  // namespace ovenbird
