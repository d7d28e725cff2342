#include "base/platform/files.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>

#include "base/platform/full_disk.hpp"
#include "base/platform/posix/descriptor.hpp"
#include "base/platform/publish.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

void write_all(const Descriptor& file, const fs::path& path, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(file.number(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_errno(path, "write");
        content.remove_prefix(static_cast<size_t>(written));
    }
    if (::fsync(file.number()) != 0) fail_errno(path, "sync");
}

// "out" lies in "."; an empty path could not be opened.
fs::path parent_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_path(const fs::path& path) {
    const Descriptor file(path, O_RDONLY, "open");
    if (::fsync(file.number()) != 0) fail_errno(path, "sync");
}

// Where the old folder waits on file systems that cannot swap two names in one step.
fs::path name_aside(const fs::path& from) {
    fs::path name = from;
    return name += ".old";
}

int rename_with(const fs::path& from, const fs::path& to, unsigned flags) {
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t max_bytes) {
    const Descriptor file(path, O_RDONLY, "open");
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) fail_errno(path, "inspect");
    if (S_ISDIR(status.st_mode))
        fail(ErrorCode::invalid_input, "{}: is a folder, expected a file", path.string());
    std::string content;
    char buffer[65536];
    while (true) {
        const ssize_t got = ::read(file.number(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_errno(path, "read");
        if (got == 0) return content;
        content.append(buffer, static_cast<size_t>(got));
        if (content.size() > max_bytes) {
            fail(ErrorCode::invalid_input, "{}: is larger than {} bytes", path.string(), max_bytes);
        }
    }
}

void write_file(const fs::path& path, std::string_view content) {
    const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC, "create");
    write_all(file, path, content);
}

void replace_file(const fs::path& path, std::string_view content) {
    fs::path fresh = path;
    fresh += "." + std::to_string(::getpid()) + ".new";
    std::error_code ignored;
    try {
        write_file(fresh, content);
        if (::rename(fresh.c_str(), path.c_str()) != 0) fail_errno(path, "replace");
    } catch (const Error&) {
        fs::remove(fresh, ignored);
        throw;
    }
    sync_path(parent_of(path));
}

void append_file(const fs::path& path, std::string_view content) {
    const Descriptor file(path, O_WRONLY | O_CREAT | O_APPEND, "open");
    write_all(file, path, content);
}

void link_file(const fs::path& target, const fs::path& link) {
    std::error_code error;
    // Followed to its end: a second name of a symbolic link would point nowhere from another folder.
    const fs::path real = fs::canonical(target, error);
    if (error) fail_errno(target, "find", error.value());
    fs::create_hard_link(real, link, error);
    if (!error) return;
    if (error.value() == EEXIST) fail_errno(link, "create", EEXIST);
    fs::copy_file(real, link, error);
    if (!error) return;
    const int reason = error.value();
    fs::remove(link, error);
    fail_errno(link, "link or copy", reason);
}

void sync_tree(const fs::path& folder) {
    std::error_code error;
    fs::recursive_directory_iterator entries(folder, error);
    for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
        const auto status = entries->symlink_status(error);
        if (!error && (fs::is_directory(status) || fs::is_regular_file(status))) sync_path(entries->path());
    }
    if (error) fail_errno(folder, "sync", error.value());
    sync_path(folder);
}

void publish_folder(const fs::path& from, const fs::path& to, bool replace) {
    if (rename_with(from, to, RENAME_NOREPLACE) == 0) return sync_path(parent_of(to));
    if (errno != EEXIST && errno != EINVAL && errno != ENOSYS)
        fail_errno(to, "rename the finished folder to it");
    if (!replace && fs::exists(fs::symlink_status(to)))
        fail(ErrorCode::io, "{}: exists already", to.string());
    if (rename_with(from, to, RENAME_EXCHANGE) != 0) return publish_by_moving_aside(from, to);
    sync_path(parent_of(to));
    remove_tree(from);  // now the old content
}

void publish_by_moving_aside(const fs::path& from, const fs::path& to) {
    const fs::path aside = name_aside(from);
    remove_tree(aside);
    const bool replaces = fs::exists(fs::symlink_status(to));
    if (replaces && ::rename(to.c_str(), aside.c_str()) != 0) fail_errno(to, "move it aside");
    if (::rename(from.c_str(), to.c_str()) != 0) {
        const int reason = errno;
        if (replaces) (void)::rename(aside.c_str(), to.c_str());
        fail_errno(to, "rename the finished folder to it", reason);
    }
    sync_path(parent_of(to));
    remove_tree(aside);
}

void recover_folder(const fs::path& from, const fs::path& to) {
    const fs::path aside = name_aside(from);
    if (!fs::exists(fs::symlink_status(aside))) return;
    if (fs::exists(fs::symlink_status(to))) return remove_tree(aside);
    if (::rename(aside.c_str(), to.c_str()) != 0)
        fail_errno(to, "put back what a killed bake had moved aside");
    sync_path(parent_of(to));
}

bool means_no_space(int error) {
    return error == ENOSPC || error == EDQUOT;
}

uint64_t free_disk_bytes(const fs::path& path) {
    fs::path place = fs::absolute(path);
    std::error_code error;
    while (!fs::exists(place, error) && place.has_relative_path())
        place = place.parent_path();
    struct statvfs status {};
    if (::statvfs(place.c_str(), &status) != 0) fail_errno(place, "ask for free space");
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

void remove_tree(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) fail(ErrorCode::io, "{}: cannot delete: {}", path.string(), error.message());
}

FileLock FileLock::try_lock(const fs::path& path) {
    FileLock lock;
    while (true) {
        Descriptor file(path, O_RDWR | O_CREAT, "create");
        if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) fail_errno(path, "lock");
            return lock;
        }
        // Its last holder may have deleted the file between our opening and locking it: then the lock is on
        // nothing.
        struct stat locked {};
        struct stat named {};
        if (::fstat(file.number(), &locked) != 0) fail_errno(path, "inspect");
        if (::stat(path.c_str(), &named) == 0 && named.st_ino == locked.st_ino &&
            named.st_dev == locked.st_dev) {
            lock.handle_ = file.release();
            return lock;
        }
    }
}

FileLock::FileLock(FileLock&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
}

FileLock::~FileLock() {
    if (handle_ >= 0) ::close(static_cast<int>(handle_));
}

}  // namespace ovenbird
