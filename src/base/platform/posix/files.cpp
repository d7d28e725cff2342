#include "base/platform/files.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <cstdio>

#include "base/platform/posix/descriptor.hpp"

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

void sync_path(const fs::path& path) {
    const Descriptor file(path, O_RDONLY, "open");
    if (::fsync(file.number()) != 0) fail_errno(path, "sync");
}

int rename_with(const fs::path& from, const fs::path& to, unsigned flags) {
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t max_bytes) {
    const Descriptor file(path, O_RDONLY, "open");
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) fail_errno(path, "inspect");
    if (S_ISDIR(status.st_mode)) fail(ErrorCode::invalid_input, "{}: is a folder, expected a file", path.string());
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

void append_file(const fs::path& path, std::string_view content) {
    const Descriptor file(path, O_WRONLY | O_CREAT | O_APPEND, "open");
    write_all(file, path, content);
}

void link_file(const fs::path& target, const fs::path& link) {
    std::error_code error;
    fs::create_hard_link(target, link, error);
    if (!error) return;
    fs::copy_file(target, link, error);
    if (error) fail_errno(link, "link or copy", error.value());
}

void sync_tree(const fs::path& folder) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_directory() || entry.is_regular_file()) sync_path(entry.path());
    }
    sync_path(folder);
}

void publish_folder(const fs::path& from, const fs::path& to, bool replace) {
    if (rename_with(from, to, RENAME_NOREPLACE) == 0) return sync_path(to.parent_path());
    if (errno != EEXIST && errno != EINVAL && errno != ENOSYS) fail_errno(to, "rename the finished folder to it");
    if (!replace && fs::exists(fs::symlink_status(to))) {
        fail(ErrorCode::io, "{}: exists already", to.string());
    }
    if (rename_with(from, to, RENAME_EXCHANGE) == 0) {
        sync_path(to.parent_path());
        return remove_tree(from);  // now the old content
    }
    // File systems without exchange: move the old folder aside, so that a crash leaves one of the two complete.
    const fs::path aside = from.string() + ".old";
    remove_tree(aside);
    if (fs::exists(fs::symlink_status(to)) && ::rename(to.c_str(), aside.c_str()) != 0) fail_errno(to, "move aside");
    if (::rename(from.c_str(), to.c_str()) != 0) {
        const int reason = errno;
        (void)::rename(aside.c_str(), to.c_str());
        fail_errno(to, "rename the finished folder to it", reason);
    }
    sync_path(to.parent_path());
    remove_tree(aside);
}

uint64_t free_disk_bytes(const fs::path& path) {
    fs::path place = fs::absolute(path);
    std::error_code error;
    while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
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
    const int handle = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (handle < 0) fail_errno(path, "create");
    if (::flock(handle, LOCK_EX | LOCK_NB) == 0) {
        lock.handle_ = handle;
        return lock;
    }
    const int reason = errno;
    ::close(handle);
    if (reason != EWOULDBLOCK) fail_errno(path, "lock", reason);
    return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
}

FileLock::~FileLock() {
    if (handle_ >= 0) ::close(handle_);
}

}  // namespace ovenbird
