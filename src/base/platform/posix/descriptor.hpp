#pragma once
// A file descriptor that closes itself.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/platform/posix/system_error.hpp"

namespace ovenbird {

class Descriptor {
public:
    Descriptor(const std::filesystem::path& path, int flags, const char* doing)
        : number_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
        if (number_ < 0) fail_errno(path, doing);
    }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }

private:
    int number_;
};

}  // namespace ovenbird
