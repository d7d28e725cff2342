#include "base/platform/files.hpp"
#include "base/platform/windows/system.hpp"

namespace ovenbird {
namespace {

// Windows' locks keep others from the bytes they are on: this byte is beyond any content.
constexpr DWORD kByteHigh = 0x7FFFFFFF;

bool same_file(HANDLE one, const std::filesystem::path& path) {
    const Handle named(::CreateFileW(long_path(path).c_str(), 0, kShareAll, nullptr, OPEN_EXISTING,
                                     FILE_ATTRIBUTE_NORMAL, nullptr));
    BY_HANDLE_FILE_INFORMATION first{};
    BY_HANDLE_FILE_INFORMATION second{};
    if (!named.valid() || ::GetFileInformationByHandle(one, &first) == 0 ||
        ::GetFileInformationByHandle(named.get(), &second) == 0)
        return false;
    return first.dwVolumeSerialNumber == second.dwVolumeSerialNumber &&
           first.nFileIndexHigh == second.nFileIndexHigh && first.nFileIndexLow == second.nFileIndexLow;
}

HANDLE as_handle(intptr_t number) {
    return reinterpret_cast<HANDLE>(number);
}

}  // namespace

FileLock FileLock::try_lock(const std::filesystem::path& path) {
    FileLock lock;
    while (true) {
        Handle file = open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, "create");
        OVERLAPPED place{};
        place.OffsetHigh = kByteHigh;
        if (::LockFileEx(file.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) ==
            0) {
            const DWORD reason = ::GetLastError();
            if (reason != ERROR_LOCK_VIOLATION && reason != ERROR_IO_PENDING)
                fail_system(path, "lock", reason);
            return lock;
        }
        // Its last holder may have deleted the file between our opening and locking it: then the lock is on
        // nothing.
        if (same_file(file.get(), path)) {
            lock.handle_ = reinterpret_cast<intptr_t>(file.release());
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
    if (held()) ::CloseHandle(as_handle(handle_));
}

}  // namespace ovenbird
