#pragma once
// A file mapped into memory: read-only for sources, writable for the weights that a bake produces.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace ovenbird {

/// A read-only mapping of a whole file. The bytes stay valid while any copy of the shared_ptr lives.
/// Files may shrink under us only by another process's doing; the mapping is private to this process.
class MappedFile {
public:
    /// Errors: not_found, io. An empty file gives an empty span.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
    virtual ~MappedFile() = default;
    const std::filesystem::path& path() const { return path_; }
    std::span<const std::byte> bytes() const { return bytes_; }
    /// Tells the system that [offset, offset+size) will not be read again soon, so that its pages can go.
    virtual void drop(uint64_t offset, uint64_t size) const = 0;

protected:
    std::filesystem::path path_;
    std::span<const std::byte> bytes_;
};

/// A new file of a fixed size, its disk space reserved, mapped for writing (shared: pages are file-backed).
class WritableMap {
public:
    /// Creates (or truncates) `path` with `size` bytes. Errors: no_space when the disk cannot hold it, io.
    static std::shared_ptr<WritableMap> create(const std::filesystem::path& path, uint64_t size);
    virtual ~WritableMap() = default;
    std::span<std::byte> bytes() { return bytes_; }
    /// Starts writing [offset, offset+size) back to disk without waiting, so that the last sync is short.
    virtual void start_writeback(uint64_t offset, uint64_t size) = 0;
    /// Writes everything to disk and waits. Errors: io, no_space.
    virtual void sync() = 0;

protected:
    std::span<std::byte> bytes_;
};

}  // namespace ovenbird
