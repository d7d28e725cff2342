// What every system's children do, tried with this program as the child.

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "base/platform/child.hpp"
#include "base/platform/frame_buffer.hpp"
#include "base/platform/framed_child.hpp"
#include "base/platform/line_child.hpp"
#include "base/platform/test_child.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using End = ChildResult::End;
constexpr milliseconds kLong{60000};

// Waits for something another process does; the bound only keeps a failing test from hanging.
template <typename Condition>
bool comes_true(Condition&& condition) {
    for (int i = 0; i < 3000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
}

TEST(AnyChild, ItsOutputAndStatusAreKeptAndCut) {
    ChildLimits limits;
    limits.output_bytes = 1000;
    const auto result = run_child(test_child({"flood", "5000000", "3000000"}), limits);
    EXPECT_EQ(result.end, End::exited);
    EXPECT_EQ(result.status, 7);
    EXPECT_EQ(result.how_it_ended, "it ended with exit status 7");
    EXPECT_EQ(result.output, std::string(1000, 'x'));
    EXPECT_EQ(result.errors, std::string(1000, 'y'));
}

TEST(AnyChild, ArgumentsReachItAsTheyAre) {
    const std::vector<std::string> words{
        "two words",    "",       "$HOME%PATH%", "*",   R"(a\b)", R"(ends in\)", R"("quoted")",
        R"(\"both\\")", "Bäcker", "面包",        "a\tb"};
    auto role = words;
    role.insert(role.begin(), "print_words");
    std::string expected;
    for (const auto& word : words)
        expected += word + "|";
    EXPECT_EQ(run_child(test_child(role)).output, expected);
}

TEST(AnyChild, ReadsAnEmptyInput) {
    EXPECT_EQ(run_child(test_child({"count_input"})).output, "0");
}

TEST(AnyChild, ACrashIsAValue) {
    const auto result = run_child(test_child({"crash"}));
    EXPECT_EQ(result.end, End::signalled) << result.status << result.errors;
    EXPECT_NE(result.status, 0);
    EXPECT_TRUE(result.how_it_ended.starts_with("it crashed: access violation") ||
                result.how_it_ended.starts_with("it was killed by signal 11"))
        << result.how_it_ended;
}

TEST(AnyChild, AProgramThatIsNotThereIsAnError) {
    const auto text = error_of(ErrorCode::not_found, [] { run_child({"ovenbird-no-such-program"}); });
    EXPECT_NE(text.find("ovenbird-no-such-program"), std::string::npos) << text;
    const TestFolder folder;
    write_file(folder / "data", "no program");
    error_of(ErrorCode::io, [&] { run_child({(folder / "data").string()}); });
    error_of(ErrorCode::not_found, [&] { run_child({(folder / "none").string()}); });
    error_of(ErrorCode::internal, [] { run_child({}); });
}

TEST(AnyChild, TheTimeLimitEndsItAndWhatItStarted) {
    const TestFolder folder;
    ChildLimits limits;
    limits.time = seconds(3);
    const auto alone = run_child(test_child({"hold", (folder / "lock").string()}), limits);
    EXPECT_EQ(alone.end, End::timed_out);
    EXPECT_TRUE(alone.output.starts_with("held")) << alone.output;
    EXPECT_TRUE(comes_true([&] { return !is_locked(folder / "lock"); }));
    EXPECT_GE(alone.seconds, 3);
}

TEST(AnyChild, WhatItLeavesRunningEndsWithIt) {
    const TestFolder folder;
    const auto result = run_child(test_child({"orphan", (folder / "lock").string()}));
    EXPECT_NE(result.status, 1);
    EXPECT_TRUE(comes_true([&] { return !is_locked(folder / "lock"); }));
}

TEST(AnyChild, AnEndlessFloodMeetsTheTimeLimit) {
    ChildLimits limits;
    limits.time = milliseconds(1500);
    EXPECT_EQ(run_child(test_child({"flood_without_end"}), limits).end, End::timed_out);
}

TEST(AnyChild, ItsMemoryIsMeasured) {
    const auto result = run_child(test_child({"use_memory", "300"}));
    EXPECT_EQ(result.status, 0) << result.errors;
    EXPECT_GE(result.peak_resident_bytes, uint64_t{290} << 20);
}

TEST(AnyLineChild, AnswersLineByLine) {
    LineChild child(test_child({"echo_lines"}));
    for (const std::string line : {"one", "", "two words", "Brötchen"}) {
        child.write_line(line);
        EXPECT_EQ(child.read_line(kLong), "<" + line + ">");
    }
    const std::string long_line(300000, 'x');
    child.write_line(long_line);
    EXPECT_EQ(child.read_line(kLong).size(), long_line.size() + 2);
    error_of(ErrorCode::io, [&] { child.read_line(milliseconds(50)); });
    EXPECT_THROW(LineChild({"no-such-program-here"}), Error);
}

TEST(AnyLineChild, HowItEndedIsSaid) {
    ignore_broken_pipes();
    LineChild left(test_child({"flood", "0", "0"}));
    const auto text = error_of(ErrorCode::io, [&] { left.read_line(kLong); });
    EXPECT_NE(text.find("exit status 7"), std::string::npos) << text;
    const auto refused = error_of(ErrorCode::io, [&] {
        for (;;)
            left.write_line("more");
    });
    EXPECT_NE(refused.find("exit status 7"), std::string::npos) << refused;
}

TEST(AnyFramedChild, MessagesGoBothWaysWhole) {
    FramedChild child(test_child({"echo_frames"}));
    for (const std::string& text : {std::string("abc"), std::string(), std::string(1 << 20, 'x') + "y"}) {
        child.send(text);
        const auto back = child.receive(kLong);
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, std::string(text.rbegin(), text.rend()));
    }
    EXPECT_FALSE(child.receive(milliseconds(10)));
    EXPECT_FALSE(child.has_ended());
    EXPECT_GT(child.anonymous_bytes(), 0U);
    EXPECT_GT(child.process(), 0);
}

TEST(AnyFramedChild, AnEndIsToldWithItsReason) {
    FramedChild exits(test_child({"echo_frames"}));
    exits.send("end");
    EXPECT_NE(error_of(ErrorCode::io, [&] { exits.receive(kLong); }).find("exit status 3"),
              std::string::npos);
    error_of(ErrorCode::io, [&] { exits.send("x"); });
    FramedChild crashes(test_child({"echo_frames"}));
    crashes.send("crash");
    error_of(ErrorCode::io, [&] { crashes.receive(kLong); });
    EXPECT_TRUE(crashes.has_ended());
    EXPECT_EQ(crashes.how_it_ended().find("exit status"), std::string::npos) << crashes.how_it_ended();
}

TEST(AnyFramedChild, OneThatDoesNotReadIsToldFrom) {
    FramedChild child(test_child({"echo_frames"}));
    child.send("hang");
    const std::string large(16 << 20, 'x');
    EXPECT_NE(error_of(ErrorCode::io, [&] { child.send(large); }).find("not read"), std::string::npos);
}

TEST(AnyFramedChild, BothSidesSendAtOnce) {
    constexpr int kCount = 20;
    constexpr size_t kSize = 1 << 20;
    FramedChild child(test_child({"exchange", std::to_string(kCount), std::to_string(kSize)}));
    // It sends all the while: this process must take that, or neither would get on.
    const std::string message(kSize, 'p');
    int whole = 0;
    for (int i = 0; i < kCount; ++i) {
        child.send(message);
        const auto back = child.receive(kLong);
        whole += back == std::string(kSize, 'c') ? 1 : 0;
    }
    EXPECT_EQ(whole, kCount);
    EXPECT_EQ(child.receive(kLong), std::to_string(kCount));
}

TEST(FrameBuffer, GivesWholeMessagesOnly) {
    FrameBuffer buffer;
    EXPECT_FALSE(buffer.take());
    for (const char letter : std::string_view("\3\0\0\0ab", 6))
        buffer.bytes() += letter;
    EXPECT_FALSE(buffer.take());
    buffer.bytes() += std::string_view("c\0\0\0\0\1", 6);
    EXPECT_EQ(buffer.take(), "abc");
    EXPECT_EQ(buffer.take(), "");
    EXPECT_FALSE(buffer.take());
    EXPECT_FALSE(buffer.too_long());
    buffer.bytes() = std::string(100, '\xFF');
    EXPECT_TRUE(buffer.too_long());
    EXPECT_EQ(frame_length(std::string(0x10203, 'x')), (std::array<char, 4>{3, 2, 1, 0}));
}

TEST(AnyFramedChild, EndsWithItsObject) {
    const TestFolder folder;
    {
        FramedChild child(test_child({"hold", (folder / "lock").string()}));
        ASSERT_TRUE(comes_true([&] { return is_locked(folder / "lock"); }));
    }
    EXPECT_TRUE(comes_true([&] { return !is_locked(folder / "lock"); }));
}

TEST(AnyProcess, AnotherIsAskedToEnd) {
    const TestFolder folder;
    for (const auto& [role, status] : {std::pair("until_asked", 130), std::pair("until_terminated", 143)}) {
        const auto ready = folder / role;
        LineChild child(test_child({role, ready.string()}));
        ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(ready) && !read_file(ready).empty(); }));
        ask_to_end(std::stoll(read_file(ready)));
        const auto text = error_of(ErrorCode::io, [&] { child.read_line(kLong); });
        EXPECT_TRUE(text.find("exit status " + std::to_string(status)) != std::string::npos ||
                    text.find("signal 15") != std::string::npos)
            << text;
    }
    error_of(ErrorCode::io, [] { ask_to_end(0x7FFFFFF0); });
}

TEST(AnyProcess, AnotherIsEndedAtOnce) {
    FramedChild child(test_child({"echo_frames"}));
    child.send("hang");
    end_process_at_once(child.process());
    EXPECT_TRUE(comes_true([&] { return child.has_ended(); }));
    error_of(ErrorCode::io, [] { end_process_at_once(0x7FFFFFF0); });
}

TEST(AnyProcess, KnowsItsEnvironmentAndItself) {
    EXPECT_FALSE(environment("OVENBIRD_NO_SUCH_VARIABLE"));
    ASSERT_TRUE(environment("PATH"));
    EXPECT_FALSE(environment("PATH")->empty());
    EXPECT_TRUE(std::filesystem::is_regular_file(own_program()));
    EXPECT_GT(available_memory_bytes(), 0U);
}

}  // namespace
}  // namespace ovenbird
