#include "text/declared_tokens.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "text/test_tokenizers.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

using testing_text::byte_fallback_json;
using testing_text::byte_level_json;
using testing_text::write;
using Ids = std::vector<int64_t>;

class DeclaredTokens : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  (std::string("ovenbird_declared_") +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        write(folder_ / "tokenizer.json", byte_level_json().dump());
    }
    Tokenizer with(const char* name, const std::string& content) {
        write(folder_ / name, content);
        return Tokenizer::load(folder_);
    }
    std::filesystem::path folder_;
};

TEST_F(DeclaredTokens, OfTheConfigurationOnly) {
    const int64_t next = Tokenizer::load(folder_).id_limit();
    const Tokenizer tokenizer =
        with("tokenizer_config.json",
             fmt::format("\xEF\xBB\xBF"
                         R"({{"added_tokens_decoder": {{"{}": {{"content": "<|turn|>", "special": true}},
                                                  "{}": {{"content": "<think>", "special": false}}}},
                        "eos_token": {{"content": "<|turn|>"}}}})",
                         next, next + 1));
    EXPECT_EQ(tokenizer.encode("<|turn|><think>", false), (Ids{next, next + 1}));
    EXPECT_EQ(tokenizer.decode({next, next + 1}, true), "<think>");
    EXPECT_TRUE(tokenizer.is_special(next));
    EXPECT_EQ(tokenizer.eos_ids(), Ids{next});
}

TEST_F(DeclaredTokens, OfTheOlderFilesOnly) {
    const int64_t next = Tokenizer::load(folder_).id_limit();
    write(folder_ / "added_tokens.json", fmt::format(R"({{"<|turn|>": {}, "<think>": {}}})", next + 1, next));
    const Tokenizer tokenizer = with("special_tokens_map.json", R"({"eos_token": "<|turn|>"})");
    EXPECT_EQ(tokenizer.encode("<think><|turn|>", false), (Ids{next, next + 1}));
    EXPECT_TRUE(tokenizer.is_special(next + 1));
    EXPECT_FALSE(tokenizer.is_special(next));
}

TEST_F(DeclaredTokens, ANamedTokenOfTheVocabularyIsSpecial) {
    const int64_t hello = Tokenizer::load(folder_).token_to_id("hello").value();
    const Tokenizer tokenizer = with("tokenizer_config.json", R"({"additional_special_tokens": ["hello"]})");
    EXPECT_TRUE(tokenizer.is_special(hello));
    EXPECT_EQ(tokenizer.decode({hello}, true), "");
}

TEST_F(DeclaredTokens, TheMapCountsWhereTheConfigurationListsNoTokens) {
    write(folder_ / "special_tokens_map.json", R"({"eos_token": "!"})");
    EXPECT_EQ(with("tokenizer_config.json", R"({"eos_token": "hello"})").eos_token(), "!");
    EXPECT_EQ(
        with("tokenizer_config.json", R"({"eos_token": "hello", "added_tokens_decoder": {}})").eos_token(),
        "hello");
}

TEST_F(DeclaredTokens, AddBosAndEos) {
    write(folder_ / "tokenizer.json", byte_fallback_json().dump());  // its post-processor adds <s>
    const auto ids = [&](const char* config) {
        return with("tokenizer_config.json", config).encode("hello", true);
    };
    const int64_t hello = Tokenizer::load(folder_).token_to_id("▁hello").value();
    EXPECT_EQ(ids(R"({"bos_token": "<s>", "eos_token": "</s>"})"), (Ids{1, hello}));
    EXPECT_EQ(ids(R"({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": false})"), (Ids{hello}));
    EXPECT_EQ(ids(R"({"bos_token": "<s>", "eos_token": "</s>", "add_eos_token": true})"), (Ids{1, hello, 2}));
    Json without = byte_fallback_json();
    without["post_processor"] = nullptr;
    write(folder_ / "tokenizer.json", without.dump());
    EXPECT_EQ(ids(R"({"bos_token": "<s>"})"), (Ids{hello}));
    EXPECT_EQ(ids(R"({"bos_token": {"content": "<s>"}, "add_bos_token": true})"), (Ids{1, hello}));
    EXPECT_EQ(ids(R"({"add_bos_token": true})"), (Ids{hello}));  // no file names one
}

TEST_F(DeclaredTokens, ByteOrderMarksAreSkipped) {
    EXPECT_GT(with("tokenizer.json", "\xEF\xBB\xBF" + byte_level_json().dump()).id_limit(), 0);
}

TEST_F(DeclaredTokens, WrongIdsAreNamed) {
    write(folder_ / "tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "<y>"}}})");
    try {
        Tokenizer::load(folder_);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("'x' is no token id"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace ovenbird
