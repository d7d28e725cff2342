#include "bake/work_folder.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "model/manifest.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

class WorkFolderTest : public testing::Test {
protected:
    fs::path output() const { return root_ / "out"; }
    static std::string refusal(const std::function<void()>& action) {
        try {
            action();
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    TestFolder temporary_;
    fs::path root_ = temporary_.path();
};

TEST_F(WorkFolderTest, AppearsWholeOnPublish) {
    WorkFolder work(output(), false);
    write_file(work.path() / "a", "1");
    EXPECT_FALSE(fs::exists(output()));
    work.publish();
    EXPECT_EQ(read_file(output() / "a"), "1");
    EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
}

TEST_F(WorkFolderTest, WithoutPublishNothingIsLeft) {
    { const WorkFolder work(output(), false); }
    EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(WorkFolderTest, LitterOfAKilledBakeIsCleared) {
    fs::create_directories(root_ / ".out.baking" / "content");
    write_file(root_ / ".out.baking" / "content" / "old", "1");
    WorkFolder work(output(), false);
    EXPECT_TRUE(fs::is_empty(work.path()));
    work.publish();
    EXPECT_TRUE(fs::is_empty(output()));
}

TEST_F(WorkFolderTest, ExistingOutputNeedsForceAndLivesUntilTheEnd) {
    fs::create_directories(output());
    write_file(output() / kManifestName, "{}");
    EXPECT_NE(refusal([&] { WorkFolder(output(), false); }).find("--force"), std::string::npos);
    WorkFolder work(output(), true);
    write_file(work.path() / "new", "1");
    EXPECT_TRUE(fs::exists(output() / kManifestName));
    work.publish();
    EXPECT_TRUE(fs::exists(output() / "new"));
    EXPECT_FALSE(fs::exists(output() / kManifestName));
}

TEST_F(WorkFolderTest, ForceNeverDeletesAStrangersFolder) {
    fs::create_directories(output());
    write_file(output() / "thesis.txt", "years of work");
    EXPECT_NE(refusal([&] { WorkFolder(output(), true); }).find("not a folder that Ovenbird made"),
              std::string::npos);
    EXPECT_TRUE(fs::exists(output() / "thesis.txt"));
    EXPECT_FALSE(fs::exists(root_ / ".out.baking"));
}

TEST_F(WorkFolderTest, EmptyFolderIsTaken) {
    fs::create_directories(output());
    WorkFolder work(output(), false);
    write_file(work.path() / "a", "1");
    work.publish();
    EXPECT_TRUE(fs::exists(output() / "a"));
}

TEST_F(WorkFolderTest, TwoBakesOfOneOutputDoNotMix) {
    const WorkFolder first(output(), false);
    EXPECT_NE(refusal([&] { WorkFolder(output(), false); }).find("another bake"), std::string::npos);
    EXPECT_TRUE(fs::exists(first.path()));
}

TEST_F(WorkFolderTest, TrailingSlashAndImpossibleNames) {
    WorkFolder work(output().string() + "/", false);
    work.publish();
    EXPECT_TRUE(fs::is_directory(output()));
    EXPECT_FALSE(refusal([] { WorkFolder("/", false); }).empty());
}

}  // namespace
}  // namespace ovenbird
