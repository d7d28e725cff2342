#include "base/platform/posix/start_child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// What the child needs, prepared before fork(): after it only async-signal-safe calls are allowed.
struct Plan {
    std::vector<char*> arguments;
    uint64_t address_space_bytes;
    pid_t parent;
    pid_t group;
    ChildStreams streams;
    int refusal;  // receives errno when the program cannot be started
};

[[noreturn]] void guard(int lifeline) {
    // Whoever ends the group politely must not end its guard.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::signal(signal, SIG_IGN);
    const int nothing = ::open("/dev/null", O_RDWR);
    if (::setpgid(0, 0) != 0 || nothing < 0) ::_exit(127);
    ::dup2(lifeline, STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    // A program of its own, as a copy of this process would keep its memory.
    ::execl("/bin/sh", "sh", "-c", "read line; kill -KILL 0", static_cast<char*>(nullptr));
    ::_exit(127);
}

[[noreturn]] void become(const Plan& plan) {
    // A killed Ovenbird takes its children along.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::setpgid(0, plan.group) != 0 || ::getppid() != plan.parent) ::_exit(127);
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
    ::dup2(plan.streams.input, STDIN_FILENO);
    ::dup2(plan.streams.output, STDOUT_FILENO);
    ::dup2(plan.streams.errors, STDERR_FILENO);
    // A program written a moment ago may be open for writing somewhere for an instant yet.
    for (int attempts = 50; attempts > 0; --attempts) {
        ::execvp(plan.arguments[0], plan.arguments.data());
        if (errno != ETXTBSY) break;
        const timespec pause{0, 10'000'000};
        ::nanosleep(&pause, nullptr);
    }
    const int reason = errno;
    (void)!::write(plan.refusal, &reason, sizeof reason);
    ::_exit(127);
}

}  // namespace

std::string end_words(int status) {
    if (!WIFSIGNALED(status)) return fmt::format("it ended with exit status {}", WEXITSTATUS(status));
    return fmt::format("it was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

Pipe Pipe::make() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail(ErrorCode::io, "cannot make a pipe: {}", std::strerror(errno));
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

RunningChild::RunningChild(const std::vector<std::string>& command, const ChildStreams& streams,
                           uint64_t address_space_bytes) {
    Pipe refusal = Pipe::make();
    Pipe lifeline = Pipe::make();
    Plan plan{{}, address_space_bytes, ::getpid(), -1, streams, refusal.write_end.number()};
    for (const auto& word : command)
        plan.arguments.push_back(const_cast<char*>(word.c_str()));
    plan.arguments.push_back(nullptr);

    // The guard first: what the program starts in its first instant must already have one.
    guard_ = ::fork();
    if (guard_ == 0) guard(lifeline.read_end.number());
    if (guard_ < 0) fail(ErrorCode::io, "{}: cannot start: {}", command[0], std::strerror(errno));
    ::setpgid(guard_, guard_);  // also here: whichever of the two comes first
    lifeline_ = std::move(lifeline.write_end);

    plan.group = guard_;
    child_ = ::fork();
    if (child_ == 0) become(plan);
    const int no_child = errno;
    refusal.write_end.close();
    int reason = 0;
    ssize_t got = 0;
    while ((got = ::read(refusal.read_end.number(), &reason, sizeof reason)) < 0 && errno == EINTR) {
    }
    if (child_ < 0) reason = no_child;
    if (child_ < 0 || got == static_cast<ssize_t>(sizeof reason)) {
        int status = 0;
        rusage usage{};
        collect(status, usage);
        if (reason == ENOENT) fail(ErrorCode::not_found, "{}: there is no such program", command[0]);
        fail(ErrorCode::io, "{}: cannot start: {}", command[0], std::strerror(reason));
    }
}

RunningChild::~RunningChild() {
    if (ended_) return;
    int status = 0;
    rusage usage{};
    collect(status, usage);
}

bool RunningChild::has_ended() const {
    // The zombie is left in place: collect() waits for it.
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child_;
}

void RunningChild::collect(int& status, rusage& usage) {
    // Only now: once its leader is waited for, the group's number may be given to others.
    ::kill(-guard_, SIGKILL);
    while (child_ > 0 && ::wait4(child_, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    while (::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
}

}  // namespace ovenbird
