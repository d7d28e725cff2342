#include "base/platform/windows/start_child.hpp"

#include <gtest/gtest.h>

#include "base/platform/test_child.hpp"
#include "base/platform/user.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

TEST(CommandLine, IsQuotedAsRuntimesTakeItApart) {
    EXPECT_EQ(command_line({"a", "b c", "", R"(x"y)", R"(C:\d\)", R"(C:\d e\)", R"(\\"q)"}),
              LR"(a "b c" "" "x\"y" C:\d\ "C:\d e\\" "\\\\\"q")");
}

TEST(ChildEnd, ACrashHasWords) {
    EXPECT_EQ(ChildEnd{0xC0000005}.words(), "it crashed: access violation (0xC0000005)");
    EXPECT_EQ(ChildEnd{0xC0DE0001}.words(), "it crashed (0xC0DE0001)");
    EXPECT_EQ(ChildEnd{3}.words(), "it ended with exit status 3");
}

// Started without a job of this process, so that only its own end can take its child along.
TEST(RunningChild, EndsWhenTheProcessThatStartedItIsKilled) {
    for (int time = 0; time < 3; ++time) {
        const TestFolder folder;
        const auto lock = folder / "lock";
        std::wstring line = command_line(test_child({"orphan", lock.string()}));
        STARTUPINFOW start{};
        start.cb = sizeof start;
        PROCESS_INFORMATION started{};
        ASSERT_NE(::CreateProcessW(nullptr, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start,
                                   &started),
                  0);
        ::CloseHandle(started.hThread);
        const Handle process(started.hProcess);
        ASSERT_EQ(::WaitForSingleObject(process.get(), 60000), WAIT_OBJECT_0);
        DWORD status = 0;
        ::GetExitCodeProcess(process.get(), &status);
        EXPECT_EQ(status, 9U);
        ASSERT_TRUE(std::filesystem::exists(lock));
        bool gone = false;
        for (int i = 0; i < 500 && !gone; ++i) {
            gone = !is_locked(lock);
            ::Sleep(10);
        }
        EXPECT_TRUE(gone);
    }
}

TEST(User, IsNamedAndMayOpenItsOwnFiles) {
    const TestFolder folder;
    write_file(folder / "own", "x");
    EXPECT_FALSE(current_user().name.empty());
    EXPECT_TRUE(may_read_and_write(folder / "own"));
    EXPECT_FALSE(may_read_and_write(folder / "missing"));
    EXPECT_FALSE(group_of_file(folder / "own"));
}

}  // namespace
}  // namespace ovenbird
