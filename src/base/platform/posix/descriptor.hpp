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
    /// Takes over an open descriptor.
    explicit Descriptor(int number) : number_(number) {}
    /// Opens `path`; `doing` names the purpose in an error.
    Descriptor(const std::filesystem::path& path, int flags, const char* doing)
        : number_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
        if (number_ < 0) fail_errno(path, doing);
    }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { close(); }
    int number() const { return number_; }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }
    /// Gives the descriptor away.
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

}  // namespace ovenbird
