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

/// Makes the folder and marks it (CACHEDIR.TAG) as Ovenbird's where it is new, empty or the usual one. What
/// cannot be written is left to the compile to say.
void make_cache(const std::filesystem::path& folder);
/// Whether what is in the folder is Ovenbird's to delete: it is marked, or the usual one.
bool is_own_cache(const std::filesystem::path& folder);

/// Deletes the least recently used models until the rest fits, in a cache of our own. Returns how many went.
/// Only what OpenVINO names as it names its cache's files is touched: a long number, and .blob.
size_t trim_cache(const std::filesystem::path& folder, uint64_t limit_bytes);

}  // namespace ovenbird
