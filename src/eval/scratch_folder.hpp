#pragma once
// A place for what is only needed while a source is measured.

#include <cstdint>
#include <filesystem>

namespace ovenbird {

/// A folder of its own among the temporary files, deleted with this.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    /// Errors: no_space (names `what`, and TMPDIR) when its disk has less than `bytes` free.
    void check_disk(uint64_t bytes, const char* what) const;

private:
    std::filesystem::path path_;
};

}  // namespace ovenbird
