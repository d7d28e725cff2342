#include "device/cache.hpp"

#include <algorithm>

#include "base/platform/process.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

fs::path compiled_cache_folder() {
    return user_cache_folder() / "compiled";
}

std::vector<CacheEntry> cache_entries(const fs::path& folder) {
    std::vector<CacheEntry> entries;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder, error)) {
        if (!file.is_regular_file(error) || file.path().extension() != ".blob") continue;
        const uint64_t bytes = file.file_size(error);
        if (error) continue;  // another process has just deleted it
        entries.push_back({file.path(), bytes, file.last_write_time(error)});
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
    return entries;
}

size_t trim_cache(const fs::path& folder, uint64_t limit_bytes) {
    const auto entries = cache_entries(folder);
    uint64_t total = 0;
    for (const auto& entry : entries)
        total += entry.bytes;
    size_t removed = 0;
    for (const auto& entry : entries) {
        if (total <= limit_bytes) break;
        std::error_code error;
        if (fs::remove(entry.path, error)) ++removed;
        total -= entry.bytes;
    }
    return removed;
}

}  // namespace ovenbird
