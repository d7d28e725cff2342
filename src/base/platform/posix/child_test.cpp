#include "base/platform/child.hpp"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "base/platform/posix/start_child.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

using End = ChildResult::End;

ChildResult shell(const std::string& script, const ChildLimits& limits = {}) {
    return run_child({"sh", "-c", script}, limits);
}

// Waits for something another process does; the bound only keeps a failing test from hanging.
template <typename Condition>
bool comes_true(Condition&& condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

pid_t number_in(const std::filesystem::path& file) {
    return std::atoi(read_file(file).c_str());
}

bool is_running(pid_t process) {
    std::string status;
    try {
        status = read_file(fmt::format("/proc/{}/status", process));
    } catch (const Error&) {
        return false;
    }
    return status.find("State:\tZ") == std::string::npos;
}

TEST(Child, ItsOutputAndStatusAreKept) {
    const auto result = shell("echo out; echo err >&2; exit 3");
    EXPECT_EQ(result.end, End::exited);
    EXPECT_EQ(result.status, 3);
    EXPECT_EQ(result.output, "out\n");
    EXPECT_EQ(result.errors, "err\n");
}

TEST(Child, ArgumentsReachItAsTheyAre) {
    EXPECT_EQ(run_child({"printf", "%s|", "two words", "", "$HOME", "*"}).output, "two words||$HOME|*|");
}

TEST(Child, ReadsAnEmptyInput) {
    EXPECT_EQ(shell("cat; echo end").output, "end\n");
}

TEST(Child, ACrashIsAValue) {
    const auto result = shell("kill -SEGV $$");
    EXPECT_EQ(result.end, End::signalled);
    EXPECT_EQ(result.status, SIGSEGV);
}

TEST(Child, AProgramThatIsNotThereIsAnError) {
    const auto text = error_of(ErrorCode::not_found, [] { run_child({"ovenbird-no-such-program"}); });
    EXPECT_NE(text.find("ovenbird-no-such-program"), std::string::npos) << text;
    const TestFolder folder;
    write_file(folder / "data", "no program");
    error_of(ErrorCode::io, [&] { run_child({(folder / "data").string()}); });
    error_of(ErrorCode::internal, [] { run_child({}); });
}

TEST(Child, TheTimeLimitEndsTheWholeGroup) {
    const TestFolder folder;
    const auto file = folder / "grandchild";
    ChildLimits limits;
    limits.time = std::chrono::milliseconds(300);
    const auto result = shell("sleep 600 & echo $! > '" + file.string() + "'; echo before; wait", limits);
    EXPECT_EQ(result.end, End::timed_out);
    EXPECT_EQ(result.output, "before\n");
    const pid_t grandchild = number_in(file);
    EXPECT_TRUE(comes_true([&] { return !is_running(grandchild); }));
}

TEST(Child, WhatItLeavesRunningEndsWithIt) {
    const TestFolder folder;
    const auto file = folder / "grandchild";
    const auto result = shell("sleep 600 & echo $! > '" + file.string() + "'; echo done");
    EXPECT_EQ(result.end, End::exited);
    EXPECT_EQ(result.output, "done\n");
    const pid_t grandchild = number_in(file);
    EXPECT_TRUE(comes_true([&] { return !is_running(grandchild); }));
}

TEST(Child, AFloodOfOutputIsReadAndCut) {
    ChildLimits limits;
    limits.output_bytes = 1000;
    const auto result = shell("head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 7", limits);
    EXPECT_EQ(result.status, 7);
    EXPECT_EQ(result.output, std::string(1000, '\0'));
    EXPECT_EQ(result.errors.size(), 1000U);
}

TEST(Child, AnEndlessFloodMeetsTheTimeLimit) {
    ChildLimits limits;
    limits.time = std::chrono::milliseconds(200);
    EXPECT_EQ(run_child({"cat", "/dev/zero"}, limits).end, End::timed_out);
}

TEST(Child, TheMemoryLimitIsItsOwn) {
    // A doubling shell variable: some hundred megabytes unless the limit stops it.
    const std::string greedy =
        "x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do x=$x$x; "
        "done";
    ChildLimits limits;
    limits.address_space_bytes = uint64_t{48} << 20;
    const auto limited = shell(greedy, limits);
    EXPECT_TRUE(limited.end == End::signalled || limited.status != 0) << limited.errors;
    const auto free = shell(greedy);
    EXPECT_EQ(free.end, End::exited);
    EXPECT_EQ(free.status, 0) << free.errors;
    EXPECT_GE(free.peak_resident_bytes, uint64_t{64} << 20);
}

TEST(ChildDeathTest, AnInterruptEndsTheGroupAndIsAnError) {
    const TestFolder folder;
    const auto file = folder / "number";
    const auto interrupted_run = [&] {
        install_interrupt_handler();
        std::thread([&] {
            comes_true([&] { return std::filesystem::exists(file); });
            ::kill(::getpid(), SIGINT);
        }).detach();
        try {
            shell("sleep 600 & echo $! > '" + file.string() + ".new'; mv '" + file.string() + ".new' '" +
                  file.string() + "'; wait");
        } catch (const Error& error) {
            ::_exit(exit_status(error.code()));
        }
        ::_exit(1);
    };
    EXPECT_EXIT(interrupted_run(), testing::ExitedWithCode(130), "");
    const pid_t grandchild = number_in(file);
    EXPECT_TRUE(comes_true([&] { return !is_running(grandchild); }));
}

TEST(Child, DiesWithTheProcessThatStartedIt) {
    const TestFolder folder;
    const auto file = folder / "number";
    const pid_t parent = ::fork();
    if (parent == 0) {
        shell("echo $$ > '" + file.string() + ".new'; mv '" + file.string() + ".new' '" + file.string() +
              "'; sleep 600");
        ::_exit(0);
    }
    ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(file); }));
    const pid_t child = number_in(file);
    EXPECT_TRUE(is_running(child));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    EXPECT_TRUE(comes_true([&] { return !is_running(child); }));
}

TEST(Child, ItsWholeGroupDiesWithTheProcessThatStartedIt) {
    const TestFolder folder;
    const auto file = folder / "number";
    const pid_t parent = ::fork();
    if (parent == 0) {
        shell("sleep 600 & echo $! > '" + file.string() + ".new'; mv '" + file.string() + ".new' '" +
              file.string() + "'; wait");
        ::_exit(0);
    }
    ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(file); }));
    const pid_t grandchild = number_in(file);
    EXPECT_TRUE(is_running(grandchild));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    EXPECT_TRUE(comes_true([&] { return !is_running(grandchild); }));
}

TEST(Child, ItsWholeGroupDiesEvenIfItsParentDoesInItsFirstInstant) {
    for (int time = 0; time < 20; ++time) {
        const TestFolder folder;
        const auto file = folder / "number";
        const pid_t parent = ::fork();
        if (parent == 0) {
            shell("sleep 600 & echo $! > '" + file.string() + "'; kill -9 $PPID; wait");
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(parent, &status, 0);
        ASSERT_EQ(WTERMSIG(status), SIGKILL);
        const pid_t grandchild = number_in(file);
        ASSERT_TRUE(comes_true([&] { return !is_running(grandchild); }));
    }
}

TEST(Child, AGroupThatTookTheNumberOfOneThatEndedIsLeftAlone) {
    const Descriptor nothing("/dev/null", O_RDWR, "open");
    auto child = std::make_optional<RunningChild>(
        std::vector<std::string>{"true"}, ChildStreams{nothing.number(), nothing.number(), nothing.number()},
        0);
    pid_t number = child->group();
    int status = 0;
    rusage usage{};
    child->collect(status, usage);
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<uint64_t>(&number);
    arguments.set_tid_size = 1;
    const auto other = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (other == 0) {
        ::pause();
        ::_exit(0);
    }
    if (other < 0) return;  // only root may choose a number
    ASSERT_EQ(::setpgid(other, other), 0);
    child.reset();
    ::kill(other, SIGUSR1);
    ASSERT_EQ(::waitpid(other, &status, 0), number);
    EXPECT_EQ(WTERMSIG(status), SIGUSR1);
}

TEST(Child, AProgramThatIsStillOpenForWritingIsWaitedFor) {
    const TestFolder folder;
    const auto program = folder / "program";
    const auto held = folder / "held";
    std::filesystem::copy_file("/bin/true", program);
    const std::jthread writer(
        [&] { shell(fmt::format("exec 3>>'{}'; touch '{}'; sleep 0.1", program.string(), held.string())); });
    ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(held); }));
    const auto result = run_child({program.string()});
    EXPECT_EQ(result.end, End::exited);
    EXPECT_EQ(result.status, 0);
}

}  // namespace
}  // namespace ovenbird
