#pragma once
// The header of a GGUF file (versions 2 and 3), read from bytes that a stranger wrote.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bake/source/checkpoint.hpp"
#include "bake/source/gguf_metadata.hpp"

namespace ovenbird {

/// One tensor of a file, under its GGUF name. `shape` is outermost first (GGUF stores it innermost first),
/// one to four axes, none of them 0. `begin` and `end` count from the start of the file.
struct GgufTensor {
    std::string name;
    SourceType type = SourceType::f32;
    std::vector<int64_t> shape;
    uint64_t begin = 0;
    uint64_t end = 0;
};

struct GgufHeader {
    uint32_t version = 0;
    GgufMetadata metadata;
    std::vector<GgufTensor> tensors;  // sorted by begin
};

/// Reads the header of a whole file's bytes (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). The
/// result's text points into `file`. Tensors lie inside the file, aligned, without overlaps; rows are whole
/// blocks; keys and names are unique. `origin` (the file's name) is named in errors. Errors: invalid_input;
/// unsupported (a version, byte order or tensor type).
GgufHeader parse_gguf(std::span<const std::byte> file, const std::string& origin);

}  // namespace ovenbird
