#pragma once
// The header of a GGUF file (versions 2 and 3), read from bytes that a stranger wrote.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bake/source/gguf_metadata.hpp"
#include "bake/source/stored_tensor.hpp"

namespace ovenbird {

/// A tensor of a type that Ovenbird does not read: where its bytes end is not known.
struct UnreadableTensor {
    std::string name;
    uint32_t type = 0;  // ggml's number
};

struct GgufHeader {
    uint32_t version = 0;
    GgufMetadata metadata;
    std::vector<StoredTensor> tensors;  // sorted by begin; one to four axes, none of them 0
    std::vector<UnreadableTensor> unreadable;
};

/// Reads the header of a whole file's bytes (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). The
/// result's text points into `file`. `tensors` lie inside the file, aligned, without overlaps; rows are whole
/// blocks; keys and names are unique. `origin` (the file's name) is named in errors. Errors: invalid_input;
/// unsupported (a version or byte order).
GgufHeader parse_gguf(std::span<const std::byte> file, const std::string& origin);

}  // namespace ovenbird
