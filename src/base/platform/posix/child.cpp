#include "base/platform/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/platform/posix/descriptor.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostReads = 64;  // at a time, so that a flood cannot keep us from looking at the clock
constexpr auto kLookEvery = std::chrono::milliseconds(20);

struct Pipe {
    Descriptor read_end;
    Descriptor write_end;

    static Pipe make() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            fail(ErrorCode::io, "cannot make a pipe: {}", std::strerror(errno));
        return {Descriptor(ends[0]), Descriptor(ends[1])};
    }
};

// What the child needs, prepared before fork(): after it only async-signal-safe calls are allowed.
struct Plan {
    std::vector<char*> arguments;
    uint64_t address_space_bytes;
    pid_t parent;
    int null_input;
    int output;
    int errors;
    int refusal;  // receives errno when the program cannot be started
};

[[noreturn]] void become(const Plan& plan) {
    ::setpgid(0, 0);
    // A killed Ovenbird takes its children along.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) ::_exit(127);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    if (plan.address_space_bytes > 0) {
        const rlimit limit{plan.address_space_bytes, plan.address_space_bytes};
        ::setrlimit(RLIMIT_AS, &limit);
    }
    ::dup2(plan.null_input, STDIN_FILENO);
    ::dup2(plan.output, STDOUT_FILENO);
    ::dup2(plan.errors, STDERR_FILENO);
    ::execvp(plan.arguments[0], plan.arguments.data());
    const int reason = errno;
    (void)!::write(plan.refusal, &reason, sizeof reason);
    ::_exit(127);
}

pid_t start(const std::vector<std::string>& command, const ChildLimits& limits, Descriptor output,
            Descriptor errors) {
    const Descriptor null_input("/dev/null", O_RDONLY, "open");
    Pipe refusal = Pipe::make();
    Plan plan{{},
              limits.address_space_bytes,
              ::getpid(),
              null_input.number(),
              output.number(),
              errors.number(),
              refusal.write_end.number()};
    for (const auto& word : command)
        plan.arguments.push_back(const_cast<char*>(word.c_str()));
    plan.arguments.push_back(nullptr);

    const pid_t child = ::fork();
    if (child == 0) become(plan);
    if (child < 0) fail(ErrorCode::io, "{}: cannot start: {}", command[0], std::strerror(errno));
    ::setpgid(child, child);  // also here: whichever of the two comes first
    refusal.write_end.close();
    int reason = 0;
    ssize_t got = 0;
    while ((got = ::read(refusal.read_end.number(), &reason, sizeof reason)) < 0 && errno == EINTR) {
    }
    if (got != static_cast<ssize_t>(sizeof reason)) return child;
    ::waitpid(child, nullptr, 0);
    if (reason == ENOENT) fail(ErrorCode::not_found, "{}: there is no such program", command[0]);
    fail(ErrorCode::io, "{}: cannot start: {}", command[0], std::strerror(reason));
}

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

// A running child; the destructor leaves no process of its group behind, whatever was thrown.
class Running {
public:
    explicit Running(pid_t child) : child_(child) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        kill_group();
        if (!ended_) ::waitpid(child_, nullptr, 0);
    }
    void kill_group() const { ::kill(-child_, SIGKILL); }
    bool has_ended() {
        // The zombie is left in place at first: while it is there, its number and group cannot be another's.
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == child_;
    }
    void collect(int& status, rusage& usage) {
        kill_group();
        while (::wait4(child_, &status, 0, &usage) < 0 && errno == EINTR) {
        }
        ended_ = true;
    }

private:
    pid_t child_;
    bool ended_ = false;
};

}  // namespace

ChildResult run_child(const std::vector<std::string>& command, const ChildLimits& limits) {
    if (command.empty() || command[0].empty()) fail(ErrorCode::internal, "run_child: no program is named");
    ChildResult result;
    Pipe output = Pipe::make();
    Pipe errors = Pipe::make();
    const uint64_t own_resident_bytes = memory_use().resident_bytes;
    const auto started = Clock::now();
    Running child(start(command, limits, std::move(output.write_end), std::move(errors.write_end)));
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
