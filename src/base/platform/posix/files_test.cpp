#include "base/platform/files.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "base/platform/posix/descriptor.hpp"
#include "base/platform/posix/publish.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

TEST(Files, WrittenAppendedAndReadBack) {
    const TestFolder folder;
    write_file(folder / "a", "loaf");
    append_file(folder / "a", " of bread");
    EXPECT_EQ(read_file(folder / "a"), "loaf of bread");
    write_file(folder / "a", "crumb");
    EXPECT_EQ(read_file(folder / "a"), "crumb") << "the longer content before is gone";
    append_file(folder / "new", std::string(1 << 20, 'x'));
    EXPECT_EQ(read_file(folder / "new").size(), 1U << 20);
}

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

TEST(Files, FreeSpaceIsThatOfTheNearestParentThatExists) {
    const TestFolder folder;
    EXPECT_GT(free_disk_bytes(folder.path()), 0U);
    EXPECT_GT(free_disk_bytes(folder / "not/yet/there"), 0U);
    EXPECT_GT(free_disk_bytes("relative/and/not/there"), 0U);
}

class PublishTest : public testing::Test {
protected:
    PublishTest() { fill(from_, "new"); }
    static void fill(const fs::path& folder, const char* content) {
        fs::create_directories(folder);
        write_file(folder / "file", content);
    }
    const TestFolder folder_;
    const fs::path from_ = folder_ / "work";
    const fs::path to_ = folder_ / "out";
};

TEST_F(PublishTest, MovesToAFreeName) {
    publish_folder(from_, to_, false);
    EXPECT_EQ(read_file(to_ / "file"), "new");
    EXPECT_FALSE(fs::exists(from_));
}

TEST_F(PublishTest, AnExistingFolderStaysUnlessItIsToBeReplaced) {
    fill(to_, "old");
    const auto text = error_of(ErrorCode::io, [&] { publish_folder(from_, to_, false); });
    EXPECT_NE(text.find("exists already"), std::string::npos) << text;
    EXPECT_EQ(read_file(to_ / "file"), "old");
    EXPECT_EQ(read_file(from_ / "file"), "new");
    publish_folder(from_, to_, true);
    EXPECT_EQ(read_file(to_ / "file"), "new");
    EXPECT_FALSE(fs::exists(from_)) << "the old content is deleted";
}

TEST_F(PublishTest, ReplaceWorksOnAFreeNameToo) {
    publish_folder(from_, to_, true);
    EXPECT_EQ(read_file(to_ / "file"), "new");
}

TEST_F(PublishTest, ANameWithoutAFolderIsRelativeToThisOne) {
    const auto here = fs::current_path();
    fs::current_path(folder_.path());
    EXPECT_NO_THROW(publish_folder("work", "out", false));
    fs::current_path(here);
    EXPECT_EQ(read_file(to_ / "file"), "new");
}

TEST_F(PublishTest, ReplacingASymbolicLinkLeavesWhatItPointsTo) {
    fill(folder_ / "precious", "old");
    fs::create_directory_symlink("precious", to_);
    publish_folder(from_, to_, true);
    EXPECT_FALSE(fs::is_symlink(to_));
    EXPECT_EQ(read_file(to_ / "file"), "new");
    EXPECT_EQ(read_file(folder_ / "precious/file"), "old");
}

TEST_F(PublishTest, AMissingParentIsAnErrorAndNothingIsLost) {
    EXPECT_ANY_THROW(publish_folder(from_, folder_ / "none/out", true));
    EXPECT_EQ(read_file(from_ / "file"), "new");
}

TEST_F(PublishTest, MovingAsideReplacesWhereNamesCannotBeSwapped) {
    fill(to_, "old");
    publish_by_moving_aside(from_, to_);
    EXPECT_EQ(read_file(to_ / "file"), "new");
    EXPECT_FALSE(fs::exists(from_));
    EXPECT_FALSE(fs::exists(folder_ / "work.old"));
}

TEST_F(PublishTest, MovingAsidePutsTheOldFolderBackWhenItFails) {
    fill(to_, "old");
    EXPECT_ANY_THROW(publish_by_moving_aside(folder_ / "none", to_));
    EXPECT_EQ(read_file(to_ / "file"), "old");
}

TEST_F(PublishTest, ACrashBetweenTheTwoRenamesIsUndone) {
    fill(folder_ / "work.old", "old");
    recover_folder(from_, to_);
    EXPECT_EQ(read_file(to_ / "file"), "old");
    EXPECT_EQ(read_file(from_ / "file"), "new");
    recover_folder(from_, to_);
    EXPECT_EQ(read_file(to_ / "file"), "old") << "nothing to undo";
}

TEST_F(PublishTest, ACrashAfterTheTwoRenamesLeavesTheNewFolder) {
    fill(folder_ / "work.old", "old");
    fill(to_, "newest");
    recover_folder(from_, to_);
    EXPECT_EQ(read_file(to_ / "file"), "newest");
    EXPECT_FALSE(fs::exists(folder_ / "work.old"));
}

TEST(Files, RemovingATreeThatIsNotThereIsFine) {
    const TestFolder folder;
    fs::create_directories(folder / "a/b");
    remove_tree(folder / "a");
    remove_tree(folder / "a");
    EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST(FileLock, OneHolderAtATime) {
    const TestFolder folder;
    std::optional<FileLock> first = FileLock::try_lock(folder / "lock");
    ASSERT_TRUE(first->held());
    EXPECT_FALSE(FileLock::try_lock(folder / "lock").held());
    FileLock moved = std::move(*first);
    EXPECT_FALSE(first->held());
    first.reset();
    EXPECT_FALSE(FileLock::try_lock(folder / "lock").held()) << "the moved-to object holds it";
    moved = FileLock();
    EXPECT_TRUE(FileLock::try_lock(folder / "lock").held());
    error_of(ErrorCode::not_found, [&] { FileLock::try_lock(folder / "none/lock"); });
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

TEST(ReplaceFile, TheOldOneOrTheNewOne) {
    const TestFolder folder;
    const auto file = folder / "talk.json";
    replace_file(file, "one");
    replace_file(file, "two");
    EXPECT_EQ(read_file(file), "two");
    // A folder of that name cannot be replaced: it stays, and nothing is left beside it.
    std::filesystem::create_directories(folder / "busy" / "inside");
    error_of(ErrorCode::io, [&] { replace_file(folder / "busy", "three"); });
    error_of(ErrorCode::not_found, [&] { replace_file(folder / "none" / "x", "four"); });
    const std::filesystem::directory_iterator entries(folder.path());
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 2);
}

}  // namespace
}  // namespace ovenbird
