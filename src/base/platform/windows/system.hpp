#pragma once
// What every file of this folder needs of Windows: handles that close themselves, text and paths in the form
// its calls take, and its refusals as an ovenbird::Error. Windows only.

#include <windows.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace ovenbird {

/// Some calls say "no handle" with NULL, others with INVALID_HANDLE_VALUE: both are none here.
class Handle {
public:
    Handle() = default;
    /// Takes over an open handle.
    explicit Handle(HANDLE handle) : handle_(handle == nullptr ? INVALID_HANDLE_VALUE : handle) {}
    Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, INVALID_HANDLE_VALUE)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Handle() { close(); }
    HANDLE get() const { return handle_; }
    bool valid() const { return handle_ != INVALID_HANDLE_VALUE; }
    void close() {
        if (valid()) ::CloseHandle(std::exchange(handle_, INVALID_HANDLE_VALUE));
    }
    /// Gives the handle away.
    HANDLE release() { return std::exchange(handle_, INVALID_HANDLE_VALUE); }

private:
    HANDLE handle_ = INVALID_HANDLE_VALUE;
};

/// UTF-8 to UTF-16 and back; what is not valid becomes the replacement character.
std::wstring wide(std::string_view text);
std::string narrow(std::wstring_view text);

/// The path as Windows' calls take it whatever its length: absolute, "\\?\" before it.
std::wstring long_path(const std::filesystem::path& path);

/// Whether something has this name; a symbolic link counts as itself.
bool is_there(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// The system's words for an error, one line without a full stop.
std::string system_message(DWORD number);

/// Throws `number` as an Error that names the path and what was being done to it.
[[noreturn]] void fail_system(const std::filesystem::path& path, const char* doing,
                              DWORD number = ::GetLastError());

/// Calls `attempt` until it succeeds, or fails for another reason than that somebody has the file open just
/// now (virus scanners, indexers), or a second has passed. What GetLastError() says is the last attempt's.
template <typename Attempt>
bool with_patience(Attempt&& attempt) {
    constexpr int kAttempts = 12;
    for (int tried = 1;; ++tried) {
        if (attempt()) return true;
        const DWORD reason = ::GetLastError();
        const bool passing = reason == ERROR_SHARING_VIOLATION || reason == ERROR_ACCESS_DENIED ||
                             reason == ERROR_LOCK_VIOLATION;
        if (!passing || tried == kAttempts) return false;
        ::Sleep(static_cast<DWORD>(10 * tried));
        ::SetLastError(reason);
    }
}

/// Opens a file as posix does: others may read, write, rename and delete it meanwhile. `flags`: of
/// CreateFileW. `doing` names the purpose in an error.
Handle open_file(const std::filesystem::path& path, DWORD access, DWORD disposition, const char* doing,
                 DWORD flags = FILE_ATTRIBUTE_NORMAL);

inline constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

}  // namespace ovenbird
