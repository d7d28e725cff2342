#include "base/scratch_folder.hpp"

#include <random>

#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder(const std::string& purpose) {
    std::random_device random;
    try {
        path_ =
            fs::temp_directory_path() / fmt::format("ovenbird-{}-{:08x}{:08x}", purpose, random(), random());
        if (!fs::create_directory(path_)) fail(ErrorCode::io, "{}: is there already", path_.string());
    } catch (const fs::filesystem_error& error) {
        fail(ErrorCode::io, "{}: {}", path_.string(), error.what());
    }
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void ScratchFolder::check_disk(uint64_t bytes, const char* what) const {
    const uint64_t free_bytes = free_disk_bytes(path_);
    if (free_bytes >= bytes) return;
    fail(ErrorCode::no_space,
         "{}: {} take {} MiB and {} MiB are free; free some, or name another folder in TMPDIR",
         path_.string(), what, bytes >> 20, free_bytes >> 20);
}

}  // namespace ovenbird
