#include "base/platform/files.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/platform/posix/descriptor.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

TEST(Files, ReadingTellsWhatIsWrong) {
    const TestFolder folder;
    write_file(folder / "a", "12345");
    EXPECT_EQ(read_file(folder / "a", 5), "12345");
    const auto text = error_of(ErrorCode::invalid_input, [&] { read_file(folder / "a", 4); });
    EXPECT_NE(text.find("is larger than 4 bytes"), std::string::npos) << text;
    error_of(ErrorCode::invalid_input, [] { read_file("/dev/zero", 1000); });
    error_of(ErrorCode::invalid_input, [&] { read_file(folder.path()); });
    error_of(ErrorCode::not_found, [&] { read_file(folder / "none"); });
}

TEST(Files, AFullDiskIsToldApart) {
    const auto text = error_of(ErrorCode::no_space, [] { write_file("/dev/full", "x"); });
    EXPECT_NE(text.find("/dev/full"), std::string::npos) << text;
    error_of(ErrorCode::no_space, [] { append_file("/dev/full", "x"); });
    error_of(ErrorCode::not_found, [] { write_file("/proc/none", "x"); });
}

TEST(Files, ALinkIsAnotherNameOfTheRealFile) {
    const TestFolder folder;
    fs::create_directory(folder / "elsewhere");
    write_file(folder / "elsewhere/blob", "weights");
    fs::create_symlink("elsewhere/blob", folder / "alias");
    link_file(folder / "alias", folder / "elsewhere/again");
    EXPECT_FALSE(fs::is_symlink(folder / "elsewhere/again"));
    EXPECT_TRUE(fs::equivalent(folder / "elsewhere/again", folder / "elsewhere/blob"));
    error_of(ErrorCode::io, [&] { link_file(folder / "alias", folder / "elsewhere/again"); });
    error_of(ErrorCode::not_found, [&] { link_file(folder / "none", folder / "b"); });
}

TEST(Files, ALinkBecomesACopyOnAnotherFileSystem) {
    const fs::path other = "/dev/shm";
    const TestFolder folder;
    write_file(folder / "a", "weights");
    struct Removed {
        fs::path path;
        ~Removed() { fs::remove(path); }
    } link{other / folder.path().filename()};
    if (!fs::is_directory(other)) GTEST_SKIP() << "no second file system";
    link_file(folder / "a", link.path);
    EXPECT_EQ(read_file(link.path), "weights");
}

TEST(Files, SyncReachesEveryKindOfEntry) {
    const TestFolder folder;
    fs::create_directories(folder / "a/b");
    write_file(folder / "a/b/c", "1");
    fs::create_symlink("nowhere", folder / "a/dangling");
    EXPECT_NO_THROW(sync_tree(folder.path()));
    error_of(ErrorCode::not_found, [&] { sync_tree(folder / "none"); });
}

TEST(Publish, ReplacingASymbolicLinkLeavesWhatItPointsTo) {
    const TestFolder folder;
    for (const char* name : {"work", "precious"}) {
        fs::create_directory(folder / name);
        write_file(folder / name / "file", name);
    }
    fs::create_directory_symlink("precious", folder / "out");
    publish_folder(folder / "work", folder / "out", true);
    EXPECT_FALSE(fs::is_symlink(folder / "out"));
    EXPECT_EQ(read_file(folder / "out" / "file"), "work");
    EXPECT_EQ(read_file(folder / "precious" / "file"), "precious");
}

TEST(FileLock, ALockOnADeletedFileIsNotALock) {
    const TestFolder folder;
    const FileLock old = FileLock::try_lock(folder / "lock");
    remove_tree(folder / "lock");
    EXPECT_TRUE(FileLock::try_lock(folder / "lock").held());
}

TEST(FileLock, AnotherProcessHoldsItUntilItDies) {
    const TestFolder folder;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Descriptor ready(ends[0]);
    const pid_t child = ::fork();
    if (child == 0) {
        const FileLock lock = FileLock::try_lock(folder / "lock");
        (void)!::write(ends[1], lock.held() ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    ::close(ends[1]);
    char held = 0;
    ASSERT_EQ(::read(ready.number(), &held, 1), 1);
    EXPECT_EQ(held, 'y');
    EXPECT_FALSE(FileLock::try_lock(folder / "lock").held());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(FileLock::try_lock(folder / "lock").held());
}

}  // namespace
}  // namespace ovenbird
