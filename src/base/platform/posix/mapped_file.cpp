#include "base/platform/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "base/platform/files.hpp"
#include "base/platform/posix/descriptor.hpp"
#include "base/platform/posix/system_error.hpp"

namespace ovenbird {
namespace {

uint64_t page_bytes() {
    return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

class PosixMappedFile final : public MappedFile {
public:
    explicit PosixMappedFile(const std::filesystem::path& path) {
        path_ = path;
        // Non-blocking: a named pipe is refused below instead of being waited for.
        const Descriptor file(path, O_RDONLY | O_NONBLOCK, "open");
        struct stat status {};
        if (::fstat(file.number(), &status) != 0) fail_errno(path, "inspect");
        if (!S_ISREG(status.st_mode))
            fail(ErrorCode::invalid_input, "{}: is not a regular file", path.string());
        const auto size = static_cast<size_t>(status.st_size);
        if (size == 0) return;
        void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
        if (address == MAP_FAILED) fail_errno(path, "map");
        bytes_ = {static_cast<const std::byte*>(address), size};
    }
    PosixMappedFile(const PosixMappedFile&) = delete;
    PosixMappedFile& operator=(const PosixMappedFile&) = delete;
    ~PosixMappedFile() override {
        if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
    void drop(uint64_t offset, uint64_t size) const override {
        if (offset >= bytes_.size()) return;
        const uint64_t page = page_bytes();
        const uint64_t end = (offset + std::min<uint64_t>(size, bytes_.size() - offset)) / page * page;
        const uint64_t begin = (offset + page - 1) / page * page;
        if (begin >= end) return;
        // Only a hint: a refusal costs memory, not correctness.
        (void)::madvise(const_cast<std::byte*>(bytes_.data()) + begin, end - begin, MADV_DONTNEED);
    }
};

constexpr uint64_t kLargestFile = std::numeric_limits<off_t>::max();

class PosixWritableMap final : public WritableMap {
public:
    PosixWritableMap(const std::filesystem::path& path, uint64_t size)
        : path_(path), file_(path, O_RDWR | O_CREAT | O_TRUNC, "create") {
        if (size == 0) return;
        reserve(size);
        void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
        if (address == MAP_FAILED) fail_errno(path, "map");
        bytes_ = {static_cast<std::byte*>(address), size};
    }
    PosixWritableMap(const PosixWritableMap&) = delete;
    PosixWritableMap& operator=(const PosixWritableMap&) = delete;
    ~PosixWritableMap() override {
        if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
    }
    void start_writeback(uint64_t offset, uint64_t size) override {
        // Only a hint, as above.
        (void)::sync_file_range(file_.number(), static_cast<off64_t>(offset), static_cast<off64_t>(size),
                                SYNC_FILE_RANGE_WRITE);
    }
    void sync() override {
        if (!bytes_.empty() && ::msync(bytes_.data(), bytes_.size(), MS_SYNC) != 0)
            fail_errno(path_, "write");
        if (::fsync(file_.number()) != 0) fail_errno(path_, "sync");
    }

private:
    // Without it, a full disk would be a SIGBUS in the middle of a write through the mapping. The free space
    // is asked for first because a file system may fill itself up before it finds that the size cannot be
    // had.
    void reserve(uint64_t size) {
        if (size > free_disk_bytes(path_) || size > kLargestFile) fail_for_space(size);
        const int refused = ::posix_fallocate(file_.number(), 0, static_cast<off_t>(size));
        if (refused == 0) return;
        (void)!::ftruncate(file_.number(), 0);
        if (means_no_space(refused) || refused == EFBIG) fail_for_space(size);
        fail_errno(path_, "reserve its disk space", refused);
    }

    [[noreturn]] void fail_for_space(uint64_t size) const {
        fail(ErrorCode::no_space,
             "{}: needs {} bytes and {} are free on its disk; free some or choose another place",
             path_.string(), size, free_disk_bytes(path_));
    }

    std::filesystem::path path_;
    Descriptor file_;
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
    return std::make_shared<PosixMappedFile>(path);
}

std::shared_ptr<WritableMap> WritableMap::create(const std::filesystem::path& path, uint64_t size) {
    return std::make_shared<PosixWritableMap>(path, size);
}

}  // namespace ovenbird
