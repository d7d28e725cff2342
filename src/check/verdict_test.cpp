#include "check/verdict.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

const Compilation kCompilation{"model.xml", 4000, 60, "openvino 2026.4.1"};

ChildResult ended(int status, const std::string& output, const std::string& errors = {}) {
    ChildResult result;
    result.status = status;
    result.output = output;
    result.errors = errors;
    result.how_it_ended = "it ended with exit status " + std::to_string(status);
    result.seconds = 1.23456;
    return result;
}

TEST(VerdictTest, Accepted) {
    const Json verdict = npu_verdict(kCompilation, ended(0, "log" + compiled_lines("elf 1.2", 77)), 77);
    EXPECT_EQ(verdict.at("accepted"), true);
    EXPECT_EQ(verdict.at("reason"), "");
    EXPECT_EQ(verdict.at("platform"), 4000);
    EXPECT_EQ(verdict.at("blob_bytes"), 77);
    EXPECT_EQ(verdict.at("requirements"), "elf 1.2");
    EXPECT_EQ(verdict.at("seconds"), 1.23);
    EXPECT_EQ(verdict.at("compiler"), "openvino 2026.4.1");
}

TEST(VerdictTest, ABlobThatIsNotTheOneThatWasToldIsNone) {
    EXPECT_EQ(npu_verdict(kCompilation, ended(0, compiled_lines("", 77)), 78).at("accepted"), false);
    EXPECT_EQ(npu_verdict(kCompilation, ended(0, compiled_lines("", 0)), 0).at("accepted"), false);
    EXPECT_EQ(npu_verdict(kCompilation, ended(0, ""), 77).at("accepted"), false);
    EXPECT_EQ(npu_verdict(kCompilation, ended(1, compiled_lines("", 77)), 77).at("blob_bytes"), 0);
}

TEST(VerdictTest, TheCompilersOwnWordsAreTheReason) {
    const auto reason = [](const ChildResult& result) {
        return npu_verdict(kCompilation, result, 0).at("reason").get<std::string>();
    };
    EXPECT_EQ(
        reason(ended(1, "ERROR compile: x\r\n", "[ERROR] 12:00:00.000 [vpux-compiler]  Got no NCE\r\n")),
        "Got no NCE");
    EXPECT_EQ(reason(ended(1, "Exception from src/x.cpp:1:\n  Pass failed\n")), "Pass failed");
    EXPECT_EQ(reason(ended(1, "Exception from src/x.cpp:1:\nCompilation failed. It said:\nCheck failed\n")),
              "Compilation failed. It said: Check failed");
    EXPECT_EQ(reason(ended(1, "[ERROR] broken [line\n")), "[ERROR] broken [line");
    EXPECT_EQ(reason(ended(3, " \n\n")), "the compiler said nothing; it ended with exit status 3");
    EXPECT_LE(reason(ended(1, std::string(1 << 20, 'x'))).size(), 2100);
    ChildResult late = ended(0, compiled_lines("", 5));
    late.end = ChildResult::End::timed_out;
    EXPECT_EQ(reason(late), "the compiler was stopped after 60 s");
    ChildResult crashed = ended(0, "");
    crashed.end = ChildResult::End::signalled;
    crashed.how_it_ended = "it crashed: access violation (0xC0000005)";
    EXPECT_EQ(reason(crashed), "the compiler said nothing; it crashed: access violation (0xC0000005)");
}

}  // namespace
}  // namespace ovenbird
