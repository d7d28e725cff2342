#include "base/platform/process.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/platform/mapped_file.hpp"
#include "base/platform/windows/system.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

// Sets an environment variable for as long as it lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name), before_(environment(name)) { set(value); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { set(before_ ? before_->c_str() : nullptr); }

private:
    void set(const char* value) const {
        ::SetEnvironmentVariableW(wide(name_).c_str(), value == nullptr ? nullptr : wide(value).c_str());
    }
    const char* name_;
    std::optional<std::string> before_;
};

TEST(MemoryUse, SeesWhatIsAllocatedHere) {
    const auto before = memory_use();
    constexpr uint64_t kSize = 64 << 20;
    const std::vector<char> block(kSize, 1);
    const auto after = memory_use();
    EXPECT_GE(after.anonymous_bytes, before.anonymous_bytes + kSize / 2);
    EXPECT_GE(after.resident_bytes, kSize);
    EXPECT_GE(after.peak_resident_bytes, kSize);
    EXPECT_GT(anonymous_bytes_of_process(process_id()), kSize / 2);
    EXPECT_EQ(anonymous_bytes_of_process(0x7FFFFFF0), 0U);
}

TEST(Environment, IsUtf8OfAnyLength) {
    const std::string text = "Bäcker 面包 " + std::string(1000, 'x');
    const Variable odd("OVENBIRD_TEST", text.c_str());
    EXPECT_EQ(environment("OVENBIRD_TEST"), text);
    const Variable none("OVENBIRD_TEST", nullptr);
    EXPECT_FALSE(environment("OVENBIRD_TEST"));
}

TEST(UserFolders, FollowTheEnvironment) {
    const Variable local("LOCALAPPDATA", "C:\\Users\\Bäcker\\AppData\\Local");
    {
        const Variable cache("OVENBIRD_CACHE_DIR", "D:\\ovens");
        const Variable home("OVENBIRD_HOME", "D:\\面包");
        EXPECT_EQ(user_cache_folder(), "D:\\ovens");
        EXPECT_EQ(user_data_folder(), "D:\\面包");
    }
    const Variable cache("OVENBIRD_CACHE_DIR", nullptr);
    const Variable home("OVENBIRD_HOME", nullptr);
    EXPECT_EQ(user_cache_folder(), "C:\\Users\\Bäcker\\AppData\\Local\\ovenbird\\cache");
    EXPECT_EQ(user_data_folder(), "C:\\Users\\Bäcker\\AppData\\Local\\ovenbird");
    const Variable nowhere("LOCALAPPDATA", nullptr);
    EXPECT_TRUE(user_cache_folder().is_absolute());
}

TEST(Process, TerminalsAreToldFromOtherThings) {
    const HANDLE before = ::GetStdHandle(STD_OUTPUT_HANDLE);
    const Handle nothing(::CreateFileW(L"NUL", GENERIC_WRITE, kShareAll, nullptr, OPEN_EXISTING, 0, nullptr));
    ::SetStdHandle(STD_OUTPUT_HANDLE, nothing.get());
    const bool terminal = stdout_is_terminal();
    ::SetStdHandle(STD_OUTPUT_HANDLE, before);
    EXPECT_FALSE(terminal);
}

// Wine does not take pages out of a process when they are unlocked: only that nothing is lost is tried here.
TEST(Process, ReleasedPagesReadTheSame) {
    const TestFolder folder;
    write_file(folder / "large", std::string(size_t{4} << 20, 'x'));
    const auto map = MappedFile::open(folder / "large");
    release_file_pages(folder / "large");
    EXPECT_EQ(std::count(map->bytes().begin(), map->bytes().end(), std::byte{'x'}), 4 << 20);
    release_file_pages(folder / "absent");
}

}  // namespace
}  // namespace ovenbird
