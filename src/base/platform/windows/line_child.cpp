#include "base/platform/line_child.hpp"

#include "base/platform/line_buffer.hpp"
#include "base/platform/process.hpp"
#include "base/platform/windows/pipe_end.hpp"
#include "base/platform/windows/start_child.hpp"

namespace ovenbird {
namespace {

constexpr std::chrono::milliseconds kLookEvery{20};
constexpr DWORD kTimeToEndMs = 5000;

}  // namespace

struct LineChild::State {
    State(const std::vector<std::string>& command, PipePair&& input, PipePair&& output)
        : name(command[0]),
          to_child(std::move(input.own)),
          from_child(std::move(output.own)),
          process(command, {input.child.get(), output.child.get(), nothing_device().get()}, 0) {}
    std::string name;
    PipeEnd to_child;
    PipeEnd from_child;
    RunningChild process;
    LineBuffer buffer;  // read, but not given out
    std::string end;    // how it ended, once that was asked

    const std::string& how_it_ended();
};

// Its streams may close an instant before it is gone.
const std::string& LineChild::State::how_it_ended() {
    if (!end.empty()) return end;
    if (!process.has_ended(kTimeToEndMs)) return end = "it closed its streams";
    return end = process.collect().words();
}

LineChild::LineChild(const std::vector<std::string>& command) {
    if (command.empty()) fail(ErrorCode::internal, "LineChild: no program is named");
    // The child's ends close with these: it alone has them then.
    PipePair input = PipePair::make(PipePair::Way::to_child);
    PipePair output = PipePair::make(PipePair::Way::from_child);
    state_ = std::make_unique<State>(command, std::move(input), std::move(output));
}

LineChild::LineChild(LineChild&&) noexcept = default;
LineChild& LineChild::operator=(LineChild&&) noexcept = default;
LineChild::~LineChild() = default;

void LineChild::write_line(const std::string& line) {
    if (state_->to_child.write(line + "\n", kForever) == PipeEnd::Sent::whole) return;
    fail(ErrorCode::io, "{}: {} before it had read its request", state_->name, state_->how_it_ended());
}

std::string LineChild::read_line(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (auto line = state_->buffer.take()) {
            // A program here ends its lines with "\r\n" unless it takes care not to.
            if (line->ends_with('\r')) line->pop_back();
            return *std::move(line);
        }
        check_interrupted();
        if (state_->buffer.too_long() || std::chrono::steady_clock::now() >= until)
            fail(ErrorCode::io, "{}: no whole line within {} s", state_->name, limit.count() / 1000);
        if (state_->from_child.read(state_->buffer.bytes(), kLookEvery) == PipeEnd::Got::end)
            fail(ErrorCode::io, "{}: {} without an answer", state_->name, state_->how_it_ended());
    }
}

}  // namespace ovenbird
