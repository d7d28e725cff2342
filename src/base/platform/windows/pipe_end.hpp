#pragma once
// One end of a pipe to another process, with time limits and both ways at once. Windows only.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/platform/windows/system.hpp"

namespace ovenbird {

/// No limit.
inline constexpr std::chrono::milliseconds kForever{-1};

/// Owns a handle that was opened for overlapped I/O. One thread may read while another writes.
class PipeEnd {
public:
    explicit PipeEnd(Handle pipe);

    enum class Got { some, nothing, end };
    /// Appends what has come to `to`; waits for it as long as `limit`.
    Got read(std::string& to, std::chrono::milliseconds limit);
    enum class Sent { whole, late, gone };
    /// `late`: the other side has not taken all of it in time; a part may have gone.
    Sent write(std::string_view bytes, std::chrono::milliseconds limit);

private:
    // The bytes that went within the limit; nothing: the pipe has ended.
    std::optional<DWORD> wait(BOOL started, OVERLAPPED& operation, std::chrono::milliseconds limit);

    Handle pipe_;
    Handle has_read_;
    Handle has_written_;
};

/// A pipe whose one end is for PipeEnd and whose other is for another process to inherit.
struct PipePair {
    enum class Way { to_child, from_child, both };
    /// The child's end is an ordinary one, but for `both`: that is for PipeEnd too. Errors: io.
    static PipePair make(Way way);

    Handle own;
    Handle child;
};

/// The device that is always empty and takes everything.
Handle nothing_device();

}  // namespace ovenbird
