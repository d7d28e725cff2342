#pragma once
// What one compilation in a process of its own came to, in the words of tools/npu-compile.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/json.hpp"
#include "base/platform/child.hpp"

namespace ovenbird {

struct Compilation {
    std::filesystem::path xml;
    int platform = 0;
    int64_t timeout_seconds = 0;
    std::string compiler;  // its version
};

/// What the compiling process prints at its end, for npu_verdict() to read.
std::string compiled_lines(const std::string& requirements, uint64_t blob_bytes);

/// Accepted where the process ended well, said so, and left a blob of the size that it told: a crash of the
/// compiler can end with status 0 too.
Json npu_verdict(const Compilation& compilation, const ChildResult& ended, uint64_t blob_bytes);

}  // namespace ovenbird
