#include "hub/origin.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

const std::string kCommit = std::string(40, 'c');
const std::string kSha256 = std::string(64, 'a');

class HubOriginTest : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(snapshot_ / "sub");
        fs::create_directories(repo_ / "blobs");
        fs::create_directories(repo_ / "trees");
        write_file(repo_ / "blobs" / kSha256, "weights");
        const fs::path model = snapshot_ / "model.safetensors";
        std::error_code refused;
        fs::create_symlink(fs::path("../../blobs") / kSha256, model, refused);
        has_links_ = !refused;
        // A cache without links has files in their place.
        if (!has_links_) write_file(model, "weights");
        write_file(snapshot_ / "sub" / "x.gguf", "plain");
    }
    TestFolder folder_;
    bool has_links_ = false;
    fs::path repo_ = folder_ / "models--org--the-model";
    fs::path snapshot_ = repo_ / "snapshots" / kCommit;
};

TEST_F(HubOriginTest, OfASnapshotAndOfAFileInIt) {
    const auto origin = hub_origin(snapshot_, {snapshot_ / "model.safetensors"});
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->repo, "org/the-model");
    EXPECT_EQ(origin->commit, kCommit);
    EXPECT_EQ(origin->files,
              has_links_ ? (Json{{"model.safetensors", "sha256:" + kSha256}}) : Json::object());
#ifndef _WIN32
    EXPECT_TRUE(has_links_);
#endif
    EXPECT_EQ(hub_origin(snapshot_ / "sub" / "x.gguf", {})->repo, "org/the-model");
}

TEST_F(HubOriginTest, WithoutLinksTheTreeTells) {
    const std::string sha1(40, 'b');
    write_file(repo_ / "trees" / (kCommit + ".json"),
               Json{{"files", {{"sub/x.gguf", {{"size", 5}, {"blob_id", sha1}}}}}}.dump());
    const auto origin = hub_origin(snapshot_, {snapshot_ / "sub" / "x.gguf"});
    EXPECT_EQ(origin->files, (Json{{"sub/x.gguf", "git-sha1:" + sha1}}));
    for (const char* odd : {"[]", "{\"files\": 3}", "{\"files\": {\"sub/x.gguf\": 1}}", "x"}) {
        write_file(repo_ / "trees" / (kCommit + ".json"), odd);
        EXPECT_EQ(hub_origin(snapshot_, {snapshot_ / "sub" / "x.gguf"})->files, Json::object()) << odd;
    }
}

TEST_F(HubOriginTest, FilesFromElsewhereHaveNone) {
    EXPECT_FALSE(hub_origin(folder_.path(), {}));
    EXPECT_FALSE(hub_origin(repo_ / "snapshots" / "main", {}));
    EXPECT_FALSE(hub_origin(folder_ / "models--org" / "snapshots" / kCommit, {}));
    EXPECT_FALSE(hub_origin("/", {}));
}

}  // namespace
}  // namespace ovenbird
