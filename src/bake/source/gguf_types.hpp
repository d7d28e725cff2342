#pragma once
// ggml's numbers for tensor types.

#include <cstdint>
#include <string>

#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// The type with that number. Errors: unsupported, naming `tensor`, the type and the known ones.
SourceType gguf_tensor_type(uint32_t number, const std::string& tensor, const std::string& origin);

}  // namespace ovenbird
