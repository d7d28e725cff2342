#include "base/platform/files.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>

#include "base/platform/full_disk.hpp"
#include "base/platform/publish.hpp"
#include "base/platform/windows/system.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostAtOnce = size_t{64} << 20;

void write_all(const Handle& file, const fs::path& path, std::string_view content) {
    while (!content.empty()) {
        DWORD written = 0;
        const auto size = static_cast<DWORD>(std::min(content.size(), kMostAtOnce));
        if (::WriteFile(file.get(), content.data(), size, &written, nullptr) == 0) fail_system(path, "write");
        content.remove_prefix(written);
    }
    if (::FlushFileBuffers(file.get()) == 0) fail_system(path, "sync");
}

// Windows keeps no folder open for syncing on every file system: a move that is written through, and this
// where it works, are what there is.
void sync_folder(const fs::path& path) {
    const Handle folder(::CreateFileW(long_path(path).c_str(), GENERIC_WRITE, kShareAll, nullptr,
                                      OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
    if (folder.valid()) ::FlushFileBuffers(folder.get());
}

// What may not be written was not written by this program: nothing of it waits to be synced.
void sync_file(const fs::path& path) {
    const std::wstring name = long_path(path);
    const Handle file(
        ::CreateFileW(name.c_str(), GENERIC_WRITE, kShareAll, nullptr, OPEN_EXISTING, 0, nullptr));
    if (!file.valid() && ::GetLastError() == ERROR_ACCESS_DENIED) return;
    if (!file.valid()) fail_system(path, "open");
    if (::FlushFileBuffers(file.get()) == 0) fail_system(path, "sync");
}

// The entries of a folder. Not std::filesystem's: its iterator knows no path beyond MAX_PATH.
void for_each_entry(const fs::path& folder, const char* doing,
                    const std::function<void(const fs::path&, DWORD attributes)>& body) {
    WIN32_FIND_DATAW entry;
    const HANDLE search = ::FindFirstFileW((long_path(folder) + L"\\*").c_str(), &entry);
    if (search == INVALID_HANDLE_VALUE) fail_system(folder, doing);
    const struct Closed {
        HANDLE handle;
        ~Closed() { ::FindClose(handle); }
    } closed{search};
    do {
        const std::wstring_view name = entry.cFileName;
        if (name != L"." && name != L"..") body(folder / name, entry.dwFileAttributes);
    } while (::FindNextFileW(search, &entry) != 0);
    if (::GetLastError() != ERROR_NO_MORE_FILES) fail_system(folder, doing);
}

// A file that somebody has open loses its name at once where the file system can do that (NTFS of Windows
// 10); elsewhere the name goes with the last handle.
bool delete_file(const std::wstring& name) {
    // FILE_DISPOSITION_INFO_EX, which mingw's headers hide: delete, posix semantics, read-only files too.
    constexpr auto kDispositionEx = static_cast<FILE_INFO_BY_HANDLE_CLASS>(21);
    struct {
        DWORD flags = 0x1 | 0x2 | 0x10;
    } how;
    {
        const Handle file(::CreateFileW(name.c_str(), DELETE, kShareAll, nullptr, OPEN_EXISTING,
                                        FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, nullptr));
        if (file.valid() && ::SetFileInformationByHandle(file.get(), kDispositionEx, &how, sizeof how) != 0)
            return true;
    }
    if (::DeleteFileW(name.c_str()) != 0) return true;
    if (::GetLastError() != ERROR_ACCESS_DENIED) return false;
    const DWORD attributes = ::GetFileAttributesW(name.c_str());
    if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_READONLY) == 0) {
        ::SetLastError(ERROR_ACCESS_DENIED);
        return false;
    }
    ::SetFileAttributesW(name.c_str(), attributes & ~DWORD{FILE_ATTRIBUTE_READONLY});
    return ::DeleteFileW(name.c_str()) != 0;
}

void remove_entry(const fs::path& path, DWORD attributes) {
    const std::wstring name = long_path(path);
    const bool folder = (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    // A link to a folder, of whichever kind, goes; what it points to stays.
    if (folder && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0)
        for_each_entry(path, "delete", remove_entry);
    const auto attempt = [&] { return folder ? ::RemoveDirectoryW(name.c_str()) != 0 : delete_file(name); };
    // A folder is not empty for as long as somebody holds a file of it that is deleted already.
    const auto patient = [&] {
        if (attempt()) return true;
        if (::GetLastError() == ERROR_DIR_NOT_EMPTY) ::SetLastError(ERROR_SHARING_VIOLATION);
        return false;
    };
    if (with_patience(patient)) return;
    const DWORD reason = ::GetLastError();
    if (reason == ERROR_FILE_NOT_FOUND || reason == ERROR_PATH_NOT_FOUND) return;
    fail_system(path, "delete", reason);
}

// Where the old folder waits while the new one takes its name.
fs::path name_aside(const fs::path& from) {
    fs::path name = from;
    return name += ".old";
}

bool move_once(const fs::path& from, const fs::path& to, DWORD flags) {
    return ::MoveFileExW(long_path(from).c_str(), long_path(to).c_str(), flags | MOVEFILE_WRITE_THROUGH) != 0;
}

bool move(const fs::path& from, const fs::path& to, DWORD flags = 0) {
    return with_patience([&] { return move_once(from, to, flags); });
}

// A folder cannot be renamed while a file in it is open.
[[noreturn]] void fail_move(const fs::path& path, const char* doing, DWORD reason) {
    if (reason == ERROR_ACCESS_DENIED || reason == ERROR_SHARING_VIOLATION)
        fail(ErrorCode::io, "{}: cannot {}: {}; a program may have a file in it open: close it and try again",
             path.string(), doing, system_message(reason));
    fail_system(path, doing, reason);
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t max_bytes) {
    if (is_folder(path)) fail(ErrorCode::invalid_input, "{}: is a folder, expected a file", path.string());
    const Handle file = open_file(path, GENERIC_READ, OPEN_EXISTING, "open");
    std::string content;
    char buffer[65536];
    while (true) {
        DWORD got = 0;
        if (::ReadFile(file.get(), buffer, sizeof buffer, &got, nullptr) == 0) fail_system(path, "read");
        if (got == 0) return content;
        content.append(buffer, got);
        if (content.size() > max_bytes) {
            fail(ErrorCode::invalid_input, "{}: is larger than {} bytes", path.string(), max_bytes);
        }
    }
}

void write_file(const fs::path& path, std::string_view content) {
    write_all(open_file(path, GENERIC_WRITE, CREATE_ALWAYS, "create"), path, content);
}

void replace_file(const fs::path& path, std::string_view content) {
    fs::path fresh = path;
    fresh += "." + std::to_string(::GetCurrentProcessId()) + ".new";
    try {
        write_file(fresh, content);
        if (is_folder(path)) fail(ErrorCode::io, "{}: cannot replace: it is a folder", path.string());
        if (!move(fresh, path, MOVEFILE_REPLACE_EXISTING)) fail_system(path, "replace");
    } catch (const Error&) {
        ::DeleteFileW(long_path(fresh).c_str());
        throw;
    }
}

void append_file(const fs::path& path, std::string_view content) {
    write_all(open_file(path, FILE_APPEND_DATA | SYNCHRONIZE, OPEN_ALWAYS, "open"), path, content);
}

void link_file(const fs::path& target, const fs::path& link) {
    std::wstring real;
    {
        // Followed to its end: a second name of a symbolic link would point nowhere from another folder.
        const Handle file = open_file(target, 0, OPEN_EXISTING, "find", FILE_FLAG_BACKUP_SEMANTICS);
        real.resize(::GetFinalPathNameByHandleW(file.get(), nullptr, 0, FILE_NAME_NORMALIZED));
        real.resize(::GetFinalPathNameByHandleW(file.get(), real.data(), static_cast<DWORD>(real.size()),
                                                FILE_NAME_NORMALIZED));
        if (real.empty()) real = long_path(target);
    }
    const std::wstring name = long_path(link);
    if (::CreateHardLinkW(name.c_str(), real.c_str(), nullptr) != 0) return;
    const DWORD reason = ::GetLastError();
    if (reason == ERROR_ALREADY_EXISTS || reason == ERROR_FILE_EXISTS) fail_system(link, "create", reason);
    if (::CopyFileW(real.c_str(), name.c_str(), TRUE) == 0) fail_system(link, "link or copy");
}

void sync_tree(const fs::path& folder) {
    for_each_entry(folder, "sync", [](const fs::path& path, DWORD attributes) {
        if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) return;
        (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? sync_tree(path) : sync_file(path);
    });
    sync_folder(folder);
}

void publish_folder(const fs::path& from, const fs::path& to, bool replace) {
    if (move_once(from, to, 0)) return;
    const bool exists = is_there(to);
    if (!replace && exists) fail(ErrorCode::io, "{}: exists already", to.string());
    if (exists) return publish_by_moving_aside(from, to);
    if (!move(from, to)) fail_move(to, "rename the finished folder to it", ::GetLastError());
}

void publish_by_moving_aside(const fs::path& from, const fs::path& to) {
    const fs::path aside = name_aside(from);
    remove_tree(aside);
    const bool replaces = is_there(to);
    if (replaces && !move(to, aside)) fail_move(to, "move it aside", ::GetLastError());
    if (!move(from, to)) {
        const DWORD reason = ::GetLastError();
        if (replaces) move(aside, to);
        fail_move(to, "rename the finished folder to it", reason);
    }
    remove_tree(aside);
}

void recover_folder(const fs::path& from, const fs::path& to) {
    const fs::path aside = name_aside(from);
    if (!is_there(aside)) return;
    if (is_there(to)) return remove_tree(aside);
    if (!move(aside, to)) fail_move(to, "put back what a killed bake had moved aside", ::GetLastError());
}

bool means_no_space(int error) {
    return error == ENOSPC;
}

uint64_t free_disk_bytes(const fs::path& path) {
    fs::path place = fs::absolute(path);
    while (!is_folder(place) && place.has_relative_path())
        place = place.parent_path();
    ULARGE_INTEGER free{};
    if (::GetDiskFreeSpaceExW((long_path(place) + L"\\").c_str(), &free, nullptr, nullptr) == 0)
        fail_system(place, "ask for free space");
    return free.QuadPart;
}

void remove_tree(const fs::path& path) {
    const DWORD attributes = ::GetFileAttributesW(long_path(path).c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES) remove_entry(path, attributes);
}

}  // namespace ovenbird
