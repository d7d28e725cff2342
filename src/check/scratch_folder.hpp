#pragma once
// A folder of its own among the temporary ones, deleted with all that it holds.

#include <filesystem>

namespace ovenbird {

class ScratchFolder {
public:
    /// Errors: io.
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace ovenbird
