#include "base/platform/line_child.hpp"

#include <gtest/gtest.h>

#include "base/platform/process.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

using std::chrono::seconds;

TEST(LineChild, AnswersLineByLine) {
    LineChild child({"sh", "-c", "while read -r line; do echo \"<$line>\"; done"});
    for (const std::string line : {"one", "", "two words"}) {
        child.write_line(line);
        EXPECT_EQ(child.read_line(seconds(30)), "<" + line + ">");
    }
    const std::string long_line(300000, 'x');
    child.write_line(long_line);
    EXPECT_EQ(child.read_line(seconds(30)).size(), long_line.size() + 2);
}

TEST(LineChild, LinesThatCameTogetherAreGivenOneByOne) {
    LineChild child({"printf", "a\\nb\\nhalf"});
    EXPECT_EQ(child.read_line(seconds(30)), "a");
    EXPECT_EQ(child.read_line(seconds(30)), "b");
    EXPECT_NE(error_of(ErrorCode::io, [&] { child.read_line(seconds(30)); }).find("ended"),
              std::string::npos);
}

TEST(LineChild, HowItEndedIsSaid) {
    ignore_broken_pipes();
    const auto write_until_refused = [](LineChild& child) {
        return error_of(ErrorCode::io, [&] {
            for (;;)
                child.write_line("more");
        });
    };
    LineChild left({"sh", "-c", "exit 7"});
    const auto text = error_of(ErrorCode::io, [&] { left.read_line(seconds(30)); });
    EXPECT_NE(text.find("exit status 7"), std::string::npos) << text;
    EXPECT_NE(write_until_refused(left).find("sh: it ended with exit status 7"), std::string::npos);
    LineChild killed({"sh", "-c", "kill -KILL $$"});
    EXPECT_NE(write_until_refused(killed).find("signal 9"), std::string::npos);
}

TEST(LineChild, SilenceAndAbsenceAreErrors) {
    LineChild silent({"sleep", "60"});
    error_of(ErrorCode::io, [&] { silent.read_line(std::chrono::milliseconds(50)); });
    error_of(ErrorCode::not_found, [] { LineChild absent({"no-such-program-here"}); });
}

}  // namespace
}  // namespace ovenbird
