#include "cmd/console.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

// What `work` makes a reporter write to standard error, which is no terminal here.
std::string said(const ConsoleOptions& options, const std::function<void(ConsoleReporter&)>& work) {
    testing::internal::CaptureStderr();
    {
        ConsoleReporter reporter(options);
        work(reporter);
    }
    return testing::internal::GetCapturedStderr();
}

void talk(ConsoleReporter& reporter) {
    reporter.debug("a detail");
    reporter.note("a note with {} and %v");
    reporter.warn("careful");
}

TEST(Console, WarningsAreMarkedAndDetailsAreForVerbose) {
    EXPECT_EQ(said({}, talk), "a note with {} and %v\nwarning: careful\n");
    ConsoleOptions verbose;
    verbose.verbose = true;
    EXPECT_EQ(said(verbose, talk), "a detail\na note with {} and %v\nwarning: careful\n");
}

TEST(Console, ShortWorkIsOneLine) {
    const auto text = said({}, [](ConsoleReporter& reporter) {
        reporter.begin("compressing", 100 << 20);
        for (uint64_t done = 0; done <= 100; ++done)
            reporter.advance(done << 20);
        reporter.end();
        reporter.end();
    });
    EXPECT_TRUE(text.starts_with("compressing: 100.0 MiB in ")) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Console, BeginEndsTheWorkBefore) {
    const auto text = said({}, [](ConsoleReporter& reporter) {
        reporter.begin("reading", 1 << 20);
        reporter.advance(1 << 20);
        reporter.begin("writing", 0);
        reporter.end();
    });
    EXPECT_TRUE(text.starts_with("reading: 1.0 MiB in ")) << text;
    EXPECT_NE(text.find("\nwriting: 0.0 MiB in "), std::string::npos) << text;
}

TEST(Console, TheLogFileHasEverythingAndTheFailureToo) {
    const TestFolder folder;
    ConsoleOptions options;
    options.log_file = (folder / "log").string();
    testing::internal::CaptureStderr();
    const auto work = [](ConsoleReporter& reporter) -> int {
        talk(reporter);
        throw std::runtime_error("the oven is cold");
    };
    EXPECT_THROW(with_console(options, work), std::runtime_error);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "a note with {} and %v\nwarning: careful\n");
    const auto log = read_file(folder / "log");
    for (const char* line : {" debug: a detail\n", " info: a note with {} and %v\n", " warning: careful\n",
                             " error: the oven is cold\n"}) {
        EXPECT_NE(log.find(line), std::string::npos) << log;
    }
    with_console(options, [](ConsoleReporter& reporter) { return reporter.note("again"), 0; });
    EXPECT_NE(read_file(folder / "log").find("the oven is cold"), std::string::npos)
        << "appended to, not replaced";
}

TEST(Console, ALogFileThatCannotBeMadeIsAnError) {
    ConsoleOptions options;
    options.log_file = "/proc/none/log";
    const auto text = error_of(ErrorCode::io, [&] { ConsoleReporter reporter(options); });
    EXPECT_NE(text.find("/proc/none/log"), std::string::npos) << text;
}

TEST(Console, AFullDiskUnderTheLogFileDoesNotEndTheWork) {
    ConsoleOptions options;
    options.log_file = "/dev/full";
    EXPECT_EQ(said(options, talk), "a note with {} and %v\nwarning: careful\n");
}

TEST(Console, TheStatusOfTheWorkComesBack) {
    EXPECT_EQ(with_console({}, [](ConsoleReporter&) { return 7; }), 7);
}

}  // namespace
}  // namespace ovenbird
