#pragma once
// ggml's numbers for tensor types.

#include <cstdint>
#include <optional>
#include <string>

#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// The type with that number; nothing where Ovenbird does not read it.
std::optional<SourceType> gguf_tensor_type(uint32_t number);

/// As ggml spells it ("Q4_K"), or "number 77".
std::string gguf_type_name(uint32_t number);

/// The types that Ovenbird reads, as ggml spells them: "F32, F16, …".
std::string readable_gguf_types();

}  // namespace ovenbird
