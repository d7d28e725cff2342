#pragma once
// Another program of ours that exchanges messages with this one, over one socket: each is its length (4
// bytes, the lowest first) and so many bytes.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ovenbird {

/// Longest message either way. Whoever announces a longer one is not listened to any more.
inline constexpr size_t kMostFrameBytes = size_t{256} << 20;

/// The child's end is its standard input; what it prints on standard output or standard error goes to this
/// process's standard error. Ended, with all of its process group, by the destructor and when this process
/// dies. One thread at a time. To be started by a thread that outlives it: on Linux a child ends with the
/// thread that started it.
class FramedChild {
public:
    /// Starts `command` (looked up in PATH, no shell). Errors: not_found, io.
    explicit FramedChild(const std::vector<std::string>& command);
    FramedChild(FramedChild&&) noexcept;
    FramedChild& operator=(FramedChild&&) noexcept;
    ~FramedChild();

    /// Errors: io (it ended: how; or it has not read for seconds).
    void send(std::string_view message);
    /// The next message; nothing where none is whole within `limit`. Errors: io (it ended: how; or its
    /// message is too long).
    std::optional<std::string> receive(std::chrono::milliseconds limit);

    bool has_ended() const;
    /// "it was killed by signal 11 (Segmentation fault)". Ends it where it is still there.
    std::string how_it_ended();
    /// Its memory that no file backs; 0 where that is not known.
    uint64_t anonymous_bytes() const;
    int64_t process() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The child's end of it.
class FrameParent {
public:
    /// Takes standard input over: whatever else in this process reads it finds it empty, and what is printed
    /// on standard output goes to standard error.
    FrameParent();
    ~FrameParent();
    FrameParent(const FrameParent&) = delete;
    FrameParent& operator=(const FrameParent&) = delete;

    /// Waits for the next message; nothing when the parent has gone or says what is none. One thread.
    std::optional<std::string> receive();
    /// From any thread, one message after the other. False: the parent has gone.
    bool send(std::string_view message);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ovenbird
