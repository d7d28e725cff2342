#include "base/platform/windows/pipe_end.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;
constexpr DWORD kBufferBytes = 65536;
constexpr size_t kMostAtOnce = size_t{1} << 20;

Handle make_event() {
    Handle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
    if (!event.valid()) fail(ErrorCode::io, "cannot make an event: {}", system_message(::GetLastError()));
    return event;
}

[[noreturn]] void fail_pipe() {
    fail(ErrorCode::io, "cannot make a pipe: {}", system_message(::GetLastError()));
}

}  // namespace

PipeEnd::PipeEnd(Handle pipe) : pipe_(std::move(pipe)), has_read_(make_event()), has_written_(make_event()) {}

std::optional<DWORD> PipeEnd::wait(BOOL started, OVERLAPPED& operation, std::chrono::milliseconds limit) {
    if (started == 0 && ::GetLastError() != ERROR_IO_PENDING) return std::nullopt;
    const DWORD wait_ms = limit < std::chrono::milliseconds(0) ? INFINITE : static_cast<DWORD>(limit.count());
    // What is cancelled may have come to pass all the same: its bytes count then.
    if (::WaitForSingleObject(operation.hEvent, wait_ms) == WAIT_TIMEOUT)
        ::CancelIoEx(pipe_.get(), &operation);
    DWORD count = 0;
    if (::GetOverlappedResult(pipe_.get(), &operation, &count, TRUE) != 0) return count;
    if (::GetLastError() == ERROR_OPERATION_ABORTED) return 0;
    return std::nullopt;
}

PipeEnd::Got PipeEnd::read(std::string& to, std::chrono::milliseconds limit) {
    std::array<char, kBufferBytes> part;
    OVERLAPPED operation{};
    operation.hEvent = has_read_.get();
    const BOOL started = ::ReadFile(pipe_.get(), part.data(), kBufferBytes, nullptr, &operation);
    const auto got = wait(started, operation, limit);
    if (!got) return Got::end;
    to.append(part.data(), *got);
    return *got == 0 ? Got::nothing : Got::some;
}

PipeEnd::Sent PipeEnd::write(std::string_view bytes, std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    while (!bytes.empty()) {
        auto left = kForever;
        if (limit != kForever)
            left = std::max(std::chrono::milliseconds(0),
                            std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
        OVERLAPPED operation{};
        operation.hEvent = has_written_.get();
        const auto size = static_cast<DWORD>(std::min(bytes.size(), kMostAtOnce));
        const BOOL started = ::WriteFile(pipe_.get(), bytes.data(), size, nullptr, &operation);
        const auto sent = wait(started, operation, left);
        if (!sent) return Sent::gone;
        if (*sent == 0 && left.count() == 0) return Sent::late;
        bytes.remove_prefix(*sent);
    }
    return Sent::whole;
}

PipePair PipePair::make(Way way) {
    static std::atomic<uint64_t> count{0};
    const std::wstring name = wide(fmt::format("\\\\.\\pipe\\ovenbird-{}-{}-{:x}", ::GetCurrentProcessId(),
                                               count++, ::GetTickCount64()));
    const DWORD own_access = way == Way::to_child     ? PIPE_ACCESS_OUTBOUND
                             : way == Way::from_child ? PIPE_ACCESS_INBOUND
                                                      : PIPE_ACCESS_DUPLEX;
    // Attributes: programs ask what kind of a thing their standard streams are.
    const DWORD child_access = way == Way::to_child     ? GENERIC_READ | FILE_WRITE_ATTRIBUTES
                               : way == Way::from_child ? GENERIC_WRITE | FILE_READ_ATTRIBUTES
                                                        : GENERIC_READ | GENERIC_WRITE;
    PipePair pair;
    pair.own = Handle(::CreateNamedPipeW(
        name.c_str(), own_access | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, kBufferBytes, kBufferBytes, 0, nullptr));
    if (!pair.own.valid()) fail_pipe();
    pair.child = Handle(::CreateFileW(name.c_str(), child_access, 0, nullptr, OPEN_EXISTING,
                                      way == Way::both ? FILE_FLAG_OVERLAPPED : 0, nullptr));
    if (!pair.child.valid()) fail_pipe();
    return pair;
}

Handle nothing_device() {
    Handle device(
        ::CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr, OPEN_EXISTING, 0, nullptr));
    if (!device.valid()) fail(ErrorCode::io, "NUL: cannot open: {}", system_message(::GetLastError()));
    return device;
}

}  // namespace ovenbird
