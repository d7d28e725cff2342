#include "base/platform/mapped_file.hpp"

#include <algorithm>
#include <limits>

#include "base/platform/files.hpp"
#include "base/platform/windows/system.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kLargestFile = std::numeric_limits<int64_t>::max();

uint64_t page_bytes() {
    SYSTEM_INFO info{};
    ::GetSystemInfo(&info);
    return info.dwPageSize;
}

// The whole file; the view alone keeps it mapped.
void* map_view(const Handle& file, const std::filesystem::path& path, DWORD protection, DWORD access) {
    const Handle mapping(::CreateFileMappingW(file.get(), nullptr, protection, 0, 0, nullptr));
    if (!mapping.valid()) fail_system(path, "map");
    void* address = ::MapViewOfFile(mapping.get(), access, 0, 0, 0);
    if (address == nullptr) fail_system(path, "map");
    return address;
}

class WindowsMappedFile final : public MappedFile {
public:
    explicit WindowsMappedFile(const std::filesystem::path& path) {
        path_ = path;
        if (is_folder(path)) fail_irregular();
        const Handle file = open_file(path, GENERIC_READ, OPEN_EXISTING, "open");
        if (::GetFileType(file.get()) != FILE_TYPE_DISK) fail_irregular();
        LARGE_INTEGER size{};
        if (::GetFileSizeEx(file.get(), &size) == 0) fail_system(path, "inspect");
        if (size.QuadPart == 0) return;
        const void* address = map_view(file, path, PAGE_READONLY, FILE_MAP_READ);
        bytes_ = {static_cast<const std::byte*>(address), static_cast<size_t>(size.QuadPart)};
    }
    WindowsMappedFile(const WindowsMappedFile&) = delete;
    WindowsMappedFile& operator=(const WindowsMappedFile&) = delete;
    ~WindowsMappedFile() override {
        if (!bytes_.empty()) ::UnmapViewOfFile(bytes_.data());
    }
    void drop(uint64_t offset, uint64_t size) const override {
        if (offset >= bytes_.size()) return;
        const uint64_t page = page_bytes();
        const uint64_t end = (offset + std::min<uint64_t>(size, bytes_.size() - offset)) / page * page;
        const uint64_t begin = (offset + page - 1) / page * page;
        if (begin >= end) return;
        // Unlocking pages that are not locked is refused, and takes them out of the working set.
        (void)::VirtualUnlock(const_cast<std::byte*>(bytes_.data()) + begin, end - begin);
    }

private:
    [[noreturn]] void fail_irregular() const {
        fail(ErrorCode::invalid_input, "{}: is not a regular file", path_.string());
    }
};

class WindowsWritableMap final : public WritableMap {
public:
    WindowsWritableMap(const std::filesystem::path& path, uint64_t size)
        : path_(path), file_(open_file(path, GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS, "create")) {
        if (size == 0) return;
        reserve(size);
        void* address = map_view(file_, path, PAGE_READWRITE, FILE_MAP_READ | FILE_MAP_WRITE);
        bytes_ = {static_cast<std::byte*>(address), size};
    }
    WindowsWritableMap(const WindowsWritableMap&) = delete;
    WindowsWritableMap& operator=(const WindowsWritableMap&) = delete;
    ~WindowsWritableMap() override {
        if (!bytes_.empty()) ::UnmapViewOfFile(bytes_.data());
    }
    void start_writeback(uint64_t offset, uint64_t size) override {
        if (offset >= bytes_.size()) return;
        // It starts the writing and does not wait for the disk; only a hint, as above.
        (void)::FlushViewOfFile(bytes_.data() + offset, std::min<uint64_t>(size, bytes_.size() - offset));
    }
    void sync() override {
        if (!bytes_.empty() && ::FlushViewOfFile(bytes_.data(), bytes_.size()) == 0)
            fail_system(path_, "write");
        if (::FlushFileBuffers(file_.get()) == 0) fail_system(path_, "sync");
    }

private:
    // A longer file has its clusters at once: a full disk is found here and not by a write through the map.
    void reserve(uint64_t size) {
        if (size > free_disk_bytes(path_) || size > kLargestFile) fail_for_space(size);
        LARGE_INTEGER end{};
        end.QuadPart = static_cast<LONGLONG>(size);
        if (::SetFilePointerEx(file_.get(), end, nullptr, FILE_BEGIN) != 0 &&
            ::SetEndOfFile(file_.get()) != 0)
            return;
        const DWORD reason = ::GetLastError();
        if (reason == ERROR_DISK_FULL || reason == ERROR_FILE_TOO_LARGE || reason == ERROR_INVALID_PARAMETER)
            fail_for_space(size);
        fail_system(path_, "reserve its disk space", reason);
    }

    [[noreturn]] void fail_for_space(uint64_t size) const {
        fail(ErrorCode::no_space,
             "{}: needs {} bytes and {} are free on its disk; free some or choose another place",
             path_.string(), size, free_disk_bytes(path_));
    }

    std::filesystem::path path_;
    Handle file_;
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
    return std::make_shared<WindowsMappedFile>(path);
}

std::shared_ptr<WritableMap> WritableMap::create(const std::filesystem::path& path, uint64_t size) {
    return std::make_shared<WindowsWritableMap>(path, size);
}

}  // namespace ovenbird
