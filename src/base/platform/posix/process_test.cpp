#include "base/platform/process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/platform/mapped_file.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

// Sets an environment variable for as long as it lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name), before_(environment(name)) {
        value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

private:
    const char* name_;
    std::optional<std::string> before_;
};

// Each in a process of its own: the flag cannot be taken back.
TEST(InterruptDeathTest, TheFirstSignalAsksAndTheSecondEnds) {
    EXPECT_EXIT(
        {
            install_interrupt_handler();
            if (interrupted()) ::_exit(1);
            ::raise(SIGINT);
            if (!interrupted()) ::_exit(2);
            try {
                check_interrupted();
                ::_exit(3);
            } catch (const Error& error) {
                ::_exit(exit_status(error.code()));
            }
        },
        testing::ExitedWithCode(130), "");
    EXPECT_EXIT(
        {
            install_interrupt_handler();
            ::raise(SIGTERM);
            ::raise(SIGINT);
            ::_exit(1);
        },
        testing::ExitedWithCode(128 + SIGINT), "");
}

TEST(InterruptDeathTest, NothingIsThrownBeforeASignal) {
    EXPECT_FALSE(interrupted());
    EXPECT_NO_THROW(check_interrupted());
}

TEST(ClosedPipeDeathTest, IsAnErrorOfTheWrite) {
    EXPECT_EXIT(
        {
            ::signal(SIGPIPE, SIG_DFL);
            ignore_broken_pipes();
            int ends[2];
            if (::pipe(ends) != 0) ::_exit(1);
            ::close(ends[0]);
            ::_exit(::write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 2);
        },
        testing::ExitedWithCode(0), "^$");
}

TEST(MemoryUse, SeesWhatIsAllocatedHere) {
    const auto before = memory_use();
    constexpr uint64_t kSize = 64 << 20;
    const std::vector<char> block(kSize, 1);
    const auto after = memory_use();
    EXPECT_GE(after.anonymous_bytes, before.anonymous_bytes + kSize / 2);
    EXPECT_GE(after.resident_bytes, after.anonymous_bytes);
    EXPECT_GE(after.peak_resident_bytes, kSize);
    EXPECT_GT(available_memory_bytes(), 0U);
}

TEST(Process, TerminalsAreToldFromPipes) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const int in = ::dup(STDIN_FILENO);
    const int err = ::dup(STDERR_FILENO);
    ::dup2(ends[0], STDIN_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    const bool in_terminal = stdin_is_terminal();
    const bool err_terminal = stderr_is_terminal();
    ::dup2(in, STDIN_FILENO);
    ::dup2(err, STDERR_FILENO);
    for (const int number : {in, err, ends[0], ends[1]})
        ::close(number);
    EXPECT_FALSE(in_terminal);
    EXPECT_FALSE(err_terminal);
}

TEST(UserCacheFolder, FollowsTheEnvironment) {
    const Variable home("HOME", "/home/cook");
    {
        const Variable own("OVENBIRD_CACHE_DIR", "/ovens");
        const Variable xdg("XDG_CACHE_HOME", "/xdg");
        EXPECT_EQ(user_cache_folder(), "/ovens");
    }
    const Variable own("OVENBIRD_CACHE_DIR", nullptr);
    {
        const Variable xdg("XDG_CACHE_HOME", "/xdg");
        EXPECT_EQ(user_cache_folder(), "/xdg/ovenbird");
    }
    {
        const Variable relative("XDG_CACHE_HOME", "xdg");  // the standard says to ignore such a one
        EXPECT_EQ(user_cache_folder(), "/home/cook/.cache/ovenbird");
    }
    const Variable xdg("XDG_CACHE_HOME", nullptr);
    EXPECT_EQ(user_cache_folder(), "/home/cook/.cache/ovenbird");
    const Variable nowhere("HOME", nullptr);
    EXPECT_TRUE(user_cache_folder().is_absolute());
}

TEST(Process, ReleasedPagesAreNoLongerResidentAndReadTheSame) {
    const TestFolder folder;
    write_file(folder / "large", std::string(size_t{32} << 20, 'x'));
    const auto map = MappedFile::open(folder / "large");
    const auto sum = [&] { return std::count(map->bytes().begin(), map->bytes().end(), std::byte{'x'}); };
    EXPECT_EQ(sum(), 32 << 20);
    const uint64_t before = memory_use().resident_bytes;
    release_file_pages(folder / "large");
    EXPECT_LT(memory_use().resident_bytes + (uint64_t{16} << 20), before);
    EXPECT_EQ(sum(), 32 << 20);
    release_file_pages(folder / "absent");
}

}  // namespace
}  // namespace ovenbird
