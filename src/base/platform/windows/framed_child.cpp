#include "base/platform/framed_child.hpp"

#include <fcntl.h>
#include <io.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "base/platform/frame_buffer.hpp"
#include "base/platform/process.hpp"
#include "base/platform/windows/pipe_end.hpp"
#include "base/platform/windows/start_child.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kSendLimit{5};
constexpr DWORD kTimeToEndMs = 500;

PipeEnd::Sent send_frame(PipeEnd& pipe, std::string_view message, std::chrono::milliseconds limit) {
    const auto length = frame_length(message);
    const auto sent = pipe.write({length.data(), length.size()}, limit);
    return sent == PipeEnd::Sent::whole ? pipe.write(message, limit) : sent;
}

}  // namespace

struct FramedChild::State {
    State(const std::vector<std::string>& command, PipePair&& ends)
        : name(command[0]),
          pipe(std::move(ends.own)),
          process(command,
                  {ends.child.get(), ::GetStdHandle(STD_ERROR_HANDLE), ::GetStdHandle(STD_ERROR_HANDLE)}, 0) {
    }
    [[noreturn]] void fail_ended() { fail(ErrorCode::io, "{}: {}", name, how_it_ended()); }
    const std::string& how_it_ended();

    std::string name;
    PipeEnd pipe;
    RunningChild process;
    FrameBuffer buffer;
    std::string end;  // how it ended, once that was asked
};

// Its pipe may close an instant before it is gone; one that only closed it is ended here.
const std::string& FramedChild::State::how_it_ended() {
    if (!end.empty()) return end;
    const bool by_itself = process.has_ended(kTimeToEndMs);
    const ChildEnd collected = process.collect();
    return end = by_itself ? collected.words() : "it was ended";
}

FramedChild::FramedChild(const std::vector<std::string>& command) {
    if (command.empty()) fail(ErrorCode::internal, "FramedChild: no program is named");
    // The child's end closes with this: it alone has it then.
    PipePair ends = PipePair::make(PipePair::Way::both);
    state_ = std::make_unique<State>(command, std::move(ends));
}

FramedChild::FramedChild(FramedChild&&) noexcept = default;
FramedChild& FramedChild::operator=(FramedChild&&) noexcept = default;
FramedChild::~FramedChild() = default;

void FramedChild::send(std::string_view message) {
    if (!state_->end.empty()) state_->fail_ended();
    const auto sent = send_frame(state_->pipe, message, kSendLimit);
    if (sent == PipeEnd::Sent::late)
        fail(ErrorCode::io, "{}: it has not read its message for {} s", state_->name, kSendLimit.count());
    if (sent == PipeEnd::Sent::gone) state_->fail_ended();
}

std::optional<std::string> FramedChild::receive(std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    for (;;) {
        if (auto message = state_->buffer.take()) return message;
        if (state_->buffer.too_long())
            fail(ErrorCode::io, "{}: it announced a message longer than {} bytes", state_->name,
                 kMostFrameBytes);
        if (!state_->end.empty()) state_->fail_ended();
        const auto left = std::max(std::chrono::milliseconds(0),
                                   std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
        const auto got = state_->pipe.read(state_->buffer.bytes(), left);
        if (got == PipeEnd::Got::end) state_->fail_ended();
        if (got == PipeEnd::Got::nothing && left.count() == 0) return std::nullopt;
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
    explicit State(Handle handle) : pipe(std::move(handle)) {}
    PipeEnd pipe;
    FrameBuffer buffer;
    std::mutex sending;
};

FrameParent::FrameParent() {
    HANDLE copy = nullptr;
    const HANDLE self = ::GetCurrentProcess();
    const HANDLE input = ::GetStdHandle(STD_INPUT_HANDLE);
    if (::GetFileType(input) != FILE_TYPE_PIPE ||
        ::DuplicateHandle(self, input, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0)
        fail(ErrorCode::io, "standard input is no pipe: this command is for Ovenbird itself to start");
    state_ = std::make_unique<State>(Handle(copy));
    // The runtime's streams, and with them the system's: each takes its handle along.
    const int nothing = ::_open("NUL", _O_RDONLY);
    ::_dup2(nothing, 0);
    ::_close(nothing);
    ::SetStdHandle(STD_INPUT_HANDLE, reinterpret_cast<HANDLE>(::_get_osfhandle(0)));
    std::fflush(stdout);
    if (::_dup2(2, 1) == 0) ::SetStdHandle(STD_OUTPUT_HANDLE, reinterpret_cast<HANDLE>(::_get_osfhandle(1)));
}

FrameParent::~FrameParent() = default;

std::optional<std::string> FrameParent::receive() {
    for (;;) {
        if (auto message = state_->buffer.take()) return message;
        if (state_->buffer.too_long()) return std::nullopt;
        if (state_->pipe.read(state_->buffer.bytes(), kForever) == PipeEnd::Got::end) return std::nullopt;
    }
}

bool FrameParent::send(std::string_view message) {
    const std::lock_guard lock(state_->sending);
    return send_frame(state_->pipe, message, kForever) == PipeEnd::Sent::whole;
}

}  // namespace ovenbird
