#include "base/platform/windows/start_child.hpp"

#include <gtest/gtest.h>

#include "base/platform/child.hpp"
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

bool under_wine() {
    return ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
}

TEST(RunningChild, TheMemoryLimitIsItsOwn) {
    ChildLimits limits;
    limits.address_space_bytes = uint64_t{100} << 20;
    const auto result = run_child(test_child({"use_memory", "300"}), limits);
    // Wine keeps the limit and does not apply it.
    if (under_wine()) {
        EXPECT_EQ(result.status, 0);
        return;
    }
    EXPECT_NE(result.status, 0) << result.errors;
}

// A child is in a group of its own, so that only it hears its key.
TEST(Interrupt, TheFirstBreakAsksAndTheSecondEnds) {
    const auto once = run_child(test_child({"break_key", "1"}));
    // Wine generates no Ctrl-Break, and its Ctrl-C is for a whole console.
    if (under_wine() && once.status == 77) return;
    EXPECT_EQ(once.status, 5);
    EXPECT_EQ(run_child(test_child({"break_key", "2"})).status, 130);
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
