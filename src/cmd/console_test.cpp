#include "cmd/console.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <new>
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
        fail(ErrorCode::device, "the oven is cold");
    };
    EXPECT_THROW(with_console(options, work), Error);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "a note with {} and %v\nwarning: careful\n");
    auto log = read_file(folder / "log");
    std::erase(log, '\r');  // lines end as the system's do
    for (const char* line : {" debug: a detail\n", " info: a note with {} and %v\n", " warning: careful\n",
                             " error: the oven is cold\n"}) {
        EXPECT_NE(log.find(line), std::string::npos) << log;
    }
    with_console(options, [](ConsoleReporter& reporter) { return reporter.note("again"), 0; });
    EXPECT_NE(read_file(folder / "log").find("the oven is cold"), std::string::npos)
        << "appended to, not replaced";
}

TEST(Console, WhatIsSaidOfAnErrorThatEndsTheProgram) {
    EXPECT_EQ(failure_text(Error(ErrorCode::io, "gone")), "gone");
    EXPECT_EQ(failure_text(std::bad_alloc()).substr(0, 14), "out of memory;");
    const std::filesystem::filesystem_error refused("cannot create directories", "/sealed/x",
                                                    std::make_error_code(std::errc::permission_denied));
    const auto text = failure_text(refused);
    EXPECT_EQ(text.find("/sealed/x: cannot create directories: "), 0U) << text;
    EXPECT_NE(text.find("look at its permissions"), std::string::npos) << text;
    EXPECT_NE(failure_text(std::runtime_error("odd")).find("odd (unexpected"), std::string::npos);
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
