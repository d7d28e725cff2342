#include "base/platform/framed_child.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/error.hpp"
#include "base/platform/frame_buffer.hpp"
#include "base/platform/posix/start_child.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSendSeconds = 5;

struct SocketPair {
    Descriptor own;
    Descriptor child;
};

SocketPair socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        fail(ErrorCode::io, "cannot make a socket pair: {}", std::strerror(errno));
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Whole, or errno says why not.
bool send_all(int socket, const void* data, size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    for (size_t done = 0; done < size;) {
        const ssize_t sent = ::send(socket, bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        done += static_cast<size_t>(sent);
    }
    return true;
}

bool send_frame(int socket, std::string_view message) {
    const auto length = frame_length(message);
    return send_all(socket, length.data(), length.size()) && send_all(socket, message.data(), message.size());
}

enum class Got { some, nothing, end };

Got read_from(int socket, FrameBuffer& buffer) {
    std::array<char, 65536> part;
    const ssize_t got = ::recv(socket, part.data(), part.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Got::nothing;
    if (got <= 0) return Got::end;
    buffer.bytes().append(part.data(), static_cast<size_t>(got));
    return Got::some;
}

}  // namespace

struct FramedChild::State {
    State(const std::vector<std::string>& command, SocketPair&& sockets)
        : name(command[0]),
          socket(std::move(sockets.own)),
          process(command, {sockets.child.number(), STDERR_FILENO, STDERR_FILENO}, 0) {
        const timeval limit{kSendSeconds, 0};
        ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    [[noreturn]] void fail_ended() { fail(ErrorCode::io, "{}: {}", name, how_it_ended()); }
    const std::string& how_it_ended();

    std::string name;
    Descriptor socket;
    RunningChild process;
    FrameBuffer buffer;
    std::string end;  // how it ended, once that was asked
};

// Its socket may close an instant before it is gone; one that only closed it is ended here.
const std::string& FramedChild::State::how_it_ended() {
    if (!end.empty()) return end;
    bool by_itself = process.has_ended();
    for (int tries = 0; tries < 50 && !by_itself; ++tries) {
        ::poll(nullptr, 0, 10);
        by_itself = process.has_ended();
    }
    int status = 0;
    rusage usage{};
    process.collect(status, usage);
    return end = by_itself ? end_words(status) : "it was ended";
}

FramedChild::FramedChild(const std::vector<std::string>& command) {
    if (command.empty()) fail(ErrorCode::internal, "FramedChild: no program is named");
    state_ = std::make_unique<State>(command, socket_pair());
}

FramedChild::FramedChild(FramedChild&&) noexcept = default;
FramedChild& FramedChild::operator=(FramedChild&&) noexcept = default;
FramedChild::~FramedChild() = default;

void FramedChild::send(std::string_view message) {
    if (!state_->end.empty()) state_->fail_ended();
    if (send_frame(state_->socket.number(), message)) return;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        fail(ErrorCode::io, "{}: it has not read its message for {} s", state_->name, kSendSeconds);
    state_->fail_ended();
}

std::optional<std::string> FramedChild::receive(std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    for (;;) {
        if (auto message = state_->buffer.take()) return message;
        if (state_->buffer.too_long())
            fail(ErrorCode::io, "{}: it announced a message longer than {} bytes", state_->name,
                 kMostFrameBytes);
        if (!state_->end.empty()) state_->fail_ended();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        pollfd watched{state_->socket.number(), POLLIN, 0};
        if (::poll(&watched, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0) <= 0) {
            if (left.count() <= 0) return std::nullopt;
            continue;
        }
        if (read_from(state_->socket.number(), state_->buffer) == Got::end) state_->fail_ended();
    }
}

bool FramedChild::has_ended() const {
    return !state_->end.empty() || state_->process.has_ended();
}

std::string FramedChild::how_it_ended() {
    return state_->how_it_ended();
}

uint64_t FramedChild::anonymous_bytes() const {
    if (!state_->end.empty()) return 0;
    return anonymous_bytes_of_process(state_->process.number());
}

int64_t FramedChild::process() const {
    return state_->process.number();
}

struct FrameParent::State {
    explicit State(int number) : socket(number) {}
    Descriptor socket;
    FrameBuffer buffer;
    std::mutex sending;
};

FrameParent::FrameParent() {
    const int socket = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (socket < 0) fail(ErrorCode::io, "standard input is no socket: {}", std::strerror(errno));
    state_ = std::make_unique<State>(socket);
    const Descriptor nothing("/dev/null", O_RDONLY, "open");
    ::dup2(nothing.number(), STDIN_FILENO);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

FrameParent::~FrameParent() = default;

std::optional<std::string> FrameParent::receive() {
    for (;;) {
        if (auto message = state_->buffer.take()) return message;
        if (state_->buffer.too_long()) return std::nullopt;
        if (read_from(state_->socket.number(), state_->buffer) == Got::end) return std::nullopt;
    }
}

bool FrameParent::send(std::string_view message) {
    const std::lock_guard lock(state_->sending);
    return send_frame(state_->socket.number(), message);
}

}  // namespace ovenbird
