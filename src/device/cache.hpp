#pragma once
// The folder in which compiled models are kept between runs, and its size limit.

#include <cstdint>
#include <filesystem>
#include <vector>

namespace ovenbird {

/// Beyond this the least recently used models are deleted before the next compile.
inline constexpr uint64_t kCacheLimitBytes = uint64_t{4} << 30;

/// user_cache_folder()/compiled.
std::filesystem::path compiled_cache_folder();

struct CacheEntry {
    std::filesystem::path path;
    uint64_t bytes = 0;
    std::filesystem::file_time_type used;
};

/// Compiled models in the folder, the least recently used first; empty when there is no folder.
std::vector<CacheEntry> cache_entries(const std::filesystem::path& folder);

/// Deletes the least recently used models until the rest fits. Returns how many went. Only *.blob files are
/// touched.
size_t trim_cache(const std::filesystem::path& folder, uint64_t limit_bytes);

}  // namespace ovenbird
