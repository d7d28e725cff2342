#include "hub/model_name.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

void expect_name(const char* text, const char* repo, const char* revision, const char* choice) {
    const auto name = parse_model_name(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->repo, repo) << text;
    EXPECT_EQ(name->revision, revision) << text;
    EXPECT_EQ(name->choice, choice) << text;
}

TEST(ModelName, AsPeopleWriteIt) {
    expect_name("Intel/neural-chat-7b-v3-1", "Intel/neural-chat-7b-v3-1", "main", "");
    expect_name("a/b@v1.0", "a/b", "v1.0", "");
    expect_name("a/b@refs/pr/3", "a/b", "refs/pr/3", "");
    expect_name("a/b:Q4_K_M", "a/b", "main", "Q4_K_M");
    expect_name("a/b@v2:sub/x.gguf", "a/b", "v2", "sub/x.gguf");
    expect_name("a/b/", "a/b", "main", "");
}

TEST(ModelName, AsABrowserShowsIt) {
    expect_name("https://huggingface.co/a/b", "a/b", "main", "");
    expect_name("https://huggingface.co/a/b/tree/v1", "a/b", "v1", "");
    expect_name("https://huggingface.co/a/b/blob/main/x.gguf?download=true", "a/b", "main", "x.gguf");
    expect_name("https://huggingface.co/a/b/resolve/main/d/x.gguf", "a/b", "main", "d/x.gguf");
    expect_name("hf.co/a/b:Q8_0", "a/b", "main", "Q8_0");
    expect_name("hf://a/b", "a/b", "main", "");
}

TEST(ModelName, PathsAndNonsenseAreNone) {
    for (const char* text : {"model", "./a/b", "../a/b", "/a/b", "a/b/c", "~/a", "a/..", "a/b:", "a/b@",
                             "a b/c", "a/b:../x", "a/b@../x", "", "https://example.org/a/b", "a/b:x\n"})
        EXPECT_FALSE(parse_model_name(text)) << text;
}

TEST(ModelName, TextIsTheShortestForm) {
    for (const char* text : {"a/b", "a/b@v1", "a/b:Q4_0", "a/b@v1:x.gguf"})
        EXPECT_EQ(parse_model_name(text)->text(), text);
    EXPECT_EQ(parse_model_name("a/b@main")->text(), "a/b");
}

}  // namespace
}  // namespace ovenbird
