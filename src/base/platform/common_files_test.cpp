// What every system's file operations do.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "base/platform/files.hpp"
#include "base/platform/mapped_file.hpp"
#include "base/platform/publish.hpp"
#include "base/platform/test_child.hpp"
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
