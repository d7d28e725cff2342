#pragma once
// The header of a .safetensors file, read from bytes that a stranger wrote.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bake/source/stored_tensor.hpp"

namespace ovenbird {

/// Reads the header of a whole file's bytes: 8 bytes of length, JSON, data
/// (https://github.com/huggingface/safetensors, "Format"). Every entry lies inside the file, sizes equal
/// shape times type, names are unique, and the entries tile the data without overlaps or holes, as the format
/// demands. Sorted by `begin`. `origin` (the file's name) is named in errors. Errors: invalid_input;
/// unsupported (a type that is not f32, f16 or bf16).
std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> file, const std::string& origin);

}  // namespace ovenbird
