#include "base/platform/line_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/platform/line_buffer.hpp"
#include "base/platform/posix/start_child.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

constexpr int kLookEveryMs = 20;
constexpr auto kTimeToEnd = std::chrono::seconds(5);

}  // namespace

struct LineChild::State {
    State(const std::vector<std::string>& command, Pipe&& input, Pipe&& output, int dropped)
        : name(command[0]),
          to_child(std::move(input.write_end)),
          from_child(std::move(output.read_end)),
          process(command, {input.read_end.number(), output.write_end.number(), dropped}, 0) {}
    std::string name;
    Descriptor to_child;
    Descriptor from_child;
    RunningChild process;
    LineBuffer buffer;  // read, but not given out
    std::string end;    // how it ended, once that was asked

    const std::string& how_it_ended();
};

// Its streams may close an instant before it is gone.
const std::string& LineChild::State::how_it_ended() {
    if (!end.empty()) return end;
    const auto until = std::chrono::steady_clock::now() + kTimeToEnd;
    while (!process.has_ended()) {
        if (std::chrono::steady_clock::now() >= until) return end = "it closed its streams";
        ::poll(nullptr, 0, kLookEveryMs);
    }
    int status = 0;
    rusage usage{};
    process.collect(status, usage);
    return end = end_words(status);
}

LineChild::LineChild(const std::vector<std::string>& command) {
    if (command.empty()) fail(ErrorCode::internal, "LineChild: no program is named");
    Pipe input = Pipe::make();
    Pipe output = Pipe::make();
    const Descriptor dropped("/dev/null", O_WRONLY, "open");
    state_ = std::make_unique<State>(command, std::move(input), std::move(output), dropped.number());
}

LineChild::LineChild(LineChild&&) noexcept = default;
LineChild& LineChild::operator=(LineChild&&) noexcept = default;
LineChild::~LineChild() = default;

void LineChild::write_line(const std::string& line) {
    const std::string text = line + "\n";
    for (size_t done = 0; done < text.size();) {
        const ssize_t wrote = ::write(state_->to_child.number(), text.data() + done, text.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno == EPIPE)
            fail(ErrorCode::io, "{}: {} before it had read its request", state_->name,
                 state_->how_it_ended());
        if (wrote < 0) fail(ErrorCode::io, "{}: it does not listen: {}", state_->name, std::strerror(errno));
        done += static_cast<size_t>(wrote);
    }
}

std::string LineChild::read_line(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (auto line = state_->buffer.take()) return *std::move(line);
        check_interrupted();
        if (state_->buffer.too_long() || std::chrono::steady_clock::now() >= until)
            fail(ErrorCode::io, "{}: no whole line within {} s", state_->name, limit.count() / 1000);
        pollfd watched{state_->from_child.number(), POLLIN, 0};
        if (::poll(&watched, 1, kLookEveryMs) <= 0) continue;
        std::array<char, 65536> part;
        const ssize_t got = ::read(state_->from_child.number(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail(ErrorCode::io, "{}: {} without an answer", state_->name, state_->how_it_ended());
        state_->buffer.bytes().append(part.data(), static_cast<size_t>(got));
    }
}

}  // namespace ovenbird
