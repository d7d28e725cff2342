#pragma once
// The hidden folder beside the output in which a bake works, so that the output appears whole or not at all.

#include <filesystem>

#include "base/platform/files.hpp"

namespace ovenbird {

/// Holds `.NAME.baking` beside the final folder NAME. Destroyed without publish(), it deletes what it made; a
/// killed process leaves it behind, and the next bake of the same name clears it (the system has released its
/// lock).
class WorkFolder {
public:
    /// Errors: io (unwritable place), usage (the output exists and `replace` is off, or is no folder that
    /// Ovenbird made, or another bake is working on it).
    WorkFolder(const std::filesystem::path& output, bool replace);
    ~WorkFolder();
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;

    /// Where to build the folder's content.
    const std::filesystem::path& path() const { return content_; }
    /// Where what took long to find out is kept: unlike the content it outlives a bake that fails, for the
    /// next one of the same name. Made by whoever uses it.
    std::filesystem::path kept() const { return work_ / "kept"; }
    /// Syncs everything and gives the folder its final name, replacing an older one. Errors: io, no_space.
    void publish();

private:
    std::filesystem::path output_;
    std::filesystem::path work_;
    std::filesystem::path content_;
    FileLock lock_;
    bool replace_;
};

}  // namespace ovenbird
