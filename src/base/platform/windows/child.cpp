#include "base/platform/child.hpp"

#include <algorithm>
#include <array>

#include "base/platform/process.hpp"
#include "base/platform/windows/pipe_end.hpp"
#include "base/platform/windows/start_child.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostReads = 64;  // at a time, so that a flood cannot keep us from looking at the clock
constexpr DWORD kLookEveryMs = 10;

// One captured stream: what fits is kept, the rest is read and dropped so that the child never blocks on us.
struct Stream {
    PipeEnd source;
    std::string* kept;
    uint64_t limit;
    bool ended = false;

    // Whether anything came.
    bool read_available() {
        bool any = false;
        for (int turn = 0; turn < kMostReads && !ended; ++turn) {
            std::string part;
            const auto got = source.read(part, std::chrono::milliseconds(0));
            ended = got == PipeEnd::Got::end;
            if (got != PipeEnd::Got::some) break;
            const auto room = limit - std::min<uint64_t>(limit, kept->size());
            kept->append(part, 0, std::min<uint64_t>(room, part.size()));
            any = true;
        }
        return any;
    }
};

}  // namespace

ChildResult run_child(const std::vector<std::string>& command, const ChildLimits& limits) {
    if (command.empty() || command[0].empty()) fail(ErrorCode::internal, "run_child: no program is named");
    ChildResult result;
    PipePair output = PipePair::make(PipePair::Way::from_child);
    PipePair errors = PipePair::make(PipePair::Way::from_child);
    const auto started = Clock::now();
    RunningChild child(command, {nothing_device().get(), output.child.get(), errors.child.get()},
                       limits.address_space_bytes);
    output.child.close();
    errors.child.close();
    std::array<Stream, 2> streams{
        Stream{PipeEnd(std::move(output.own)), &result.output, limits.output_bytes},
        Stream{PipeEnd(std::move(errors.own)), &result.errors, limits.output_bytes}};
    bool timed_out = false;
    bool busy = true;
    while (!child.has_ended(busy ? 0 : kLookEveryMs)) {
        check_interrupted();
        if (limits.time.count() > 0 && Clock::now() - started >= limits.time) {
            timed_out = true;
            break;
        }
        busy = false;
        for (auto& stream : streams)
            busy = stream.read_available() || busy;
        // Not every system tells of it once the child has ended.
        result.peak_resident_bytes = std::max(result.peak_resident_bytes, child.peak_resident_bytes());
    }
    const ChildEnd end = child.collect();
    for (auto& stream : streams)
        stream.read_available();  // what it wrote last
    result.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    result.peak_resident_bytes = std::max(result.peak_resident_bytes, end.peak_resident_bytes);
    result.how_it_ended = timed_out ? "it did not end in time" : end.words();
    if (timed_out) {
        result.end = ChildResult::End::timed_out;
        return result;
    }
    result.end = end.crashed() ? ChildResult::End::signalled : ChildResult::End::exited;
    result.status = static_cast<int>(end.status);
    return result;
}

}  // namespace ovenbird
