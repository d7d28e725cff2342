#pragma once
// The header of a .safetensors file, read from bytes that a stranger wrote.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bake/source/stored_tensor.hpp"

namespace ovenbird {

/// One tensor of a file.
struct SafetensorsEntry : StoredTensor {
    /// The file's word for a type that is no SourceType ("I64"); empty: `type` is it.
    std::string foreign_type;
};

/// Reads the header of a whole file's bytes: 8 bytes of length, JSON, data
/// (https://github.com/huggingface/safetensors, "Format"). Every entry lies inside the file, sizes equal
/// shape times type, names are unique, and the entries tile the data without overlaps or holes, as the format
/// demands. Sorted by `begin`. A tensor of another type is listed too: whether it is needed is not known
/// here. `origin` (the file's name) is named in errors. Errors: invalid_input.
std::vector<SafetensorsEntry> parse_safetensors(std::span<const std::byte> file, const std::string& origin);

}  // namespace ovenbird
