#include "device/compiled_cache.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>

#include "base/platform/process.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTagName = "CACHEDIR.TAG";
// The first line is the one that backup programs look for (https://bford.info/cachedir/).
constexpr const char* kTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n# Compiled models of Ovenbird: ovenbird cache clear\n";
// OpenVINO names a compiled model by a 64-bit hash; a baked folder's npu/4000.blob is no such name.
constexpr size_t kFewestDigits = 10;

bool is_entry_name(const fs::path& name) {
    const std::string stem = name.stem().string();
    return name.extension() == ".blob" && stem.size() >= kFewestDigits &&
           std::all_of(stem.begin(), stem.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_usual(const fs::path& folder) {
    std::error_code error;
    return fs::equivalent(folder, compiled_cache_folder(), error);
}

}  // namespace

void make_cache(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || fs::exists(folder / kTagName, error)) return;
    if (!fs::is_empty(folder, error) && !is_usual(folder)) return;
    std::ofstream(folder / kTagName) << kTag;
}

bool is_own_cache(const fs::path& folder) {
    std::ifstream stream(folder / kTagName);
    std::string tag(std::string_view(kTag).size(), '\0');
    stream.read(tag.data(), static_cast<std::streamsize>(tag.size()));
    return tag == kTag || is_usual(folder);
}

fs::path compiled_cache_folder() {
    return user_cache_folder() / "compiled";
}

std::vector<CacheEntry> cache_entries(const fs::path& folder) {
    std::vector<CacheEntry> entries;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder, error)) {
        if (!file.is_regular_file(error) || !is_entry_name(file.path().filename())) continue;
        const uint64_t bytes = file.file_size(error);
        if (error) continue;  // another process has just deleted it
        entries.push_back({file.path(), bytes, file.last_write_time(error)});
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
    return entries;
}

size_t trim_cache(const fs::path& folder, uint64_t limit_bytes) {
    if (!is_own_cache(folder)) return 0;
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
