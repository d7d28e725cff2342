#pragma once
// Models compiled ahead of time: which one fits this machine, and whether it is still what the bake wrote.

#include <filesystem>
#include <string>
#include <vector>

namespace ovenbird {

/// A blob that the manifest lists.
struct BlobFile {
    int platform = 0;
    std::filesystem::path path;
    uint64_t bytes = 0;
    std::string hash;  // hash_file()'s form
    std::string
        requirements;  // what the runtime that loads it must have, in OpenVINO's own words; may be empty
};

/// Why `blob` must not be loaded on a machine with this NPU: another platform, missing, truncated, altered.
/// Empty when it may.
std::string blob_problem(const BlobFile& blob, int platform);

/// The NPU generation in a device's architecture string ("4000", "NPU4000"); 0 when there is no number.
int platform_of(const std::string& architecture);

}  // namespace ovenbird
