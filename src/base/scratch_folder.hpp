#pragma once
// A place for what is only needed for a while.

#include <cstdint>
#include <filesystem>
#include <string>

namespace ovenbird {

/// A folder of its own among the temporary ones, deleted with all that it holds.
class ScratchFolder {
public:
    /// `purpose` is in its name ("ovenbird-check-…"). Errors: io.
    explicit ScratchFolder(const std::string& purpose);
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
