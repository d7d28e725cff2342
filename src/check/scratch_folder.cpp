#include "check/scratch_folder.hpp"

#include <random>

#include "base/error.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
    std::random_device random;
    try {
        path_ = fs::temp_directory_path() / fmt::format("ovenbird-check-{:08x}{:08x}", random(), random());
        if (!fs::create_directory(path_)) fail(ErrorCode::io, "{}: is there already", path_.string());
    } catch (const fs::filesystem_error& error) {
        fail(ErrorCode::io, "{}: {}", path_.string(), error.what());
    }
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace ovenbird
