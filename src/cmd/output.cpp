#include "cmd/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.hpp"
#include "base/platform/full_disk.hpp"

namespace ovenbird {

bool try_output(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

void write_output(std::string_view text) {
    errno = 0;
    if (try_output(text)) return;
    if (errno == EPIPE) throw OutputClosed();
    if (means_no_space(errno))
        fail(ErrorCode::no_space, "standard output cannot be written to; its disk is full");
    fail(ErrorCode::io, "standard output cannot be written to: {}", std::strerror(errno));
}

}  // namespace ovenbird
