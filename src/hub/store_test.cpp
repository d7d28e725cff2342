#include "hub/store.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "model/manifest.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
protected:
    void put(const char* name, const std::string& manifest) {
        const fs::path folder = baked_place(folder_.path(), *parse_model_name(name));
        fs::create_directories(folder);
        write_file(folder / kManifestName, manifest);
    }
    static std::string manifest() {
        Manifest made;
        made.source_kind = "huggingface";
        made.model_type = "llama";
        made.seq_len = 128;
        made.context = 512;
        made.origin = HubOrigin{"a/b", std::string(40, 'c'), Json::object()};
        made.options = {{"bits", 4}, {"symmetric", true}, {"group-size", 64}};
        return to_json(made).dump();
    }
    TestFolder folder_;
};

TEST_F(StoreTest, EachNameHasItsPlace) {
    for (const char* text : {"a/b", "a/b@v1", "a/b:Q4_0", "a/b@refs/pr/2:sub/x.gguf", "a/c"})
        put(text, manifest());
    std::vector<std::string> names;
    for (const auto& model : stored_models(folder_.path()))
        names.push_back(model.name);
    EXPECT_EQ(names,
              (std::vector<std::string>{"a/b", "a/b:Q4_0", "a/b@refs/pr/2:sub/x.gguf", "a/b@v1", "a/c"}));
}

TEST_F(StoreTest, TellsWhatItHolds) {
    put("a/b", manifest());
    const auto model = stored_models(folder_.path()).at(0);
    EXPECT_EQ(model.form, "INT4 sym g64, context 512");
    EXPECT_EQ(model.commit, std::string(40, 'c'));
    EXPECT_EQ(model.bytes, manifest().size());
    EXPECT_GT(model.baked_at, 1'700'000'000);
    EXPECT_EQ(model.fault, "");
}

// No command could run or remove it, and a terminal or JSON may not take its letters.
TEST_F(StoreTest, AFolderWithANameOfNoModelIsNotShown) {
    put("a/b", manifest());
    for (const char* name : {"m\xff", "b\x1b[31m", "b c", "b@v1@v2"}) {
        std::error_code refused;  // Windows has no names with control characters
        fs::create_directories(folder_ / "a" / name, refused);
        if (!refused) write_file(folder_ / "a" / name / kManifestName, manifest());
    }
    const auto models = stored_models(folder_.path());
    ASSERT_EQ(models.size(), 1U);
    EXPECT_EQ(models[0].name, "a/b");
}

TEST_F(StoreTest, ABrokenFolderHidesNoOther) {
    put("a/b", manifest());
    put("a/broken", "{");
    fs::create_directories(folder_ / "a" / ".c.baking");
    write_file(folder_ / "a" / ".c.baking" / kManifestName, "{}");
    const auto models = stored_models(folder_.path());
    ASSERT_EQ(models.size(), 2U);
    EXPECT_EQ(models[0].fault, "");
    EXPECT_NE(models[1].fault, "");
}

TEST_F(StoreTest, RemovesWhatIsThereAndListsItOtherwise) {
    put("a/b", manifest());
    const auto text =
        error_of(ErrorCode::not_found, [&] { remove_stored(folder_.path(), *parse_model_name("a/c")); });
    EXPECT_NE(text.find("baked are: a/b"), std::string::npos) << text;
    remove_stored(folder_.path(), *parse_model_name("a/b"));
    EXPECT_TRUE(stored_models(folder_.path()).empty());
    EXPECT_FALSE(fs::exists(folder_ / "a"));
    EXPECT_TRUE(stored_models(folder_ / "nothing").empty());
}

}  // namespace
}  // namespace ovenbird
