#include "base/platform/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/platform/posix/start_child.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostReads = 64;  // at a time, so that a flood cannot keep us from looking at the clock
constexpr auto kLookEvery = std::chrono::milliseconds(20);

// One captured stream: what fits is kept, the rest is read and dropped so that the child never blocks on us.
struct Stream {
    Descriptor source;
    std::string* kept;
    uint64_t limit;

    void read_available() {
        std::array<char, 65536> buffer;
        for (int turn = 0; turn < kMostReads && source.number() >= 0; ++turn) {
            const ssize_t got = ::read(source.number(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return;  // nothing for now
            if (got == 0) return source.close();
            const auto room = limit - std::min<uint64_t>(limit, kept->size());
            kept->append(buffer.data(), std::min<uint64_t>(room, static_cast<uint64_t>(got)));
            if (got < static_cast<ssize_t>(buffer.size())) return;
        }
    }
};

void wait_for_output(const std::array<Stream, 2>& streams) {
    std::array<pollfd, 2> watched{};
    for (size_t i = 0; i < watched.size(); ++i)
        watched[i] = {streams[i].source.number(), POLLIN, 0};
    ::poll(watched.data(), watched.size(),
           static_cast<int>(kLookEvery.count()));  // a negative number is skipped
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& command, const ChildLimits& limits) {
    if (command.empty() || command[0].empty()) fail(ErrorCode::internal, "run_child: no program is named");
    ChildResult result;
    Pipe output = Pipe::make();
    Pipe errors = Pipe::make();
    const uint64_t own_resident_bytes = memory_use().resident_bytes;
    const auto started = Clock::now();
    const Descriptor null_input("/dev/null", O_RDONLY, "open");
    RunningChild child(command, {null_input.number(), output.write_end.number(), errors.write_end.number()},
                       limits.address_space_bytes);
    output.write_end.close();
    errors.write_end.close();
    for (const Pipe* pipe : {&output, &errors})
        ::fcntl(pipe->read_end.number(), F_SETFL, O_NONBLOCK);
    std::array<Stream, 2> streams{Stream{std::move(output.read_end), &result.output, limits.output_bytes},
                                  Stream{std::move(errors.read_end), &result.errors, limits.output_bytes}};
    bool timed_out = false;
    while (!child.has_ended()) {
        check_interrupted();
        if (limits.time.count() > 0 && Clock::now() - started >= limits.time) {
            timed_out = true;
            break;
        }
        wait_for_output(streams);
        for (auto& stream : streams)
            stream.read_available();
    }
    int status = 0;
    rusage usage{};
    child.collect(status, usage);
    for (auto& stream : streams)
        stream.read_available();  // what it wrote last
    result.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    // Linux counts the forked image before exec as well; a peak no larger than ours says nothing of the
    // child.
    const auto peak = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
    if (peak > own_resident_bytes) result.peak_resident_bytes = peak;
    result.how_it_ended = timed_out ? "it did not end in time" : end_words(status);
    if (timed_out) {
        result.end = ChildResult::End::timed_out;
    } else if (WIFSIGNALED(status)) {
        result.end = ChildResult::End::signalled;
        result.status = WTERMSIG(status);
    } else {
        result.status = WEXITSTATUS(status);
    }
    return result;
}

}  // namespace ovenbird
