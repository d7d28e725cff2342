#pragma once
// The file operations a crash must not be able to halve: durable writes, renames, links, free space.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ovenbird {

/// Whole content of a small file. Errors: not_found, io; invalid_input when it is larger than max_bytes.
std::string read_file(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{256} << 20);

/// Writes `content` to a new or truncated file and syncs it. Errors: io, no_space.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Puts `content` in the place of a file, or makes it: at any moment the file is the old one or the new one,
/// whole. Errors: io, no_space.
void replace_file(const std::filesystem::path& path, std::string_view content);

/// Appends to a file and syncs it. Errors: io, no_space.
void append_file(const std::filesystem::path& path, std::string_view content);

/// Makes `link` another name of the file `target`, symbolic links followed (a hard link; a copy where the
/// file system has none). Errors: not_found, io, no_space.
void link_file(const std::filesystem::path& target, const std::filesystem::path& link);

/// Syncs every file and folder below `folder`, and `folder` itself. Errors: io, no_space.
void sync_tree(const std::filesystem::path& folder);

/// Moves the folder `from` to the name `to`, atomically, and syncs the parent. With `replace`, an existing
/// `to` is swapped away in the same step (or as near to it as the system allows) and deleted afterwards;
/// without it an existing `to` is an error. Errors: io.
void publish_folder(const std::filesystem::path& from, const std::filesystem::path& to, bool replace);

/// Undoes a publish_folder(from, to) that a crash cut short on a file system without an atomic swap: the old
/// `to` is there again. Does nothing in every other case. To be called under the lock that guards `from`.
/// Errors: io.
void recover_folder(const std::filesystem::path& from, const std::filesystem::path& to);

/// Bytes that an ordinary user can still write on the file system that holds `path` (or its nearest existing
/// parent). Errors: io.
uint64_t free_disk_bytes(const std::filesystem::path& path);

/// Deletes a folder tree; what is not there is fine. Errors: io.
void remove_tree(const std::filesystem::path& path);

/// An advisory lock on a path, held while the object lives, released by the system if the process dies.
class FileLock {
public:
    /// Tries to take the lock, creating the file. Empty (`!held()`) when another process has it. Errors: io.
    static FileLock try_lock(const std::filesystem::path& path);
    FileLock() = default;
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();
    bool held() const { return handle_ >= 0; }

private:
    intptr_t handle_ = -1;
};

}  // namespace ovenbird
