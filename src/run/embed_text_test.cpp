#include "run/embed_text.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "run/test_byte_tokenizer.hpp"

namespace ovenbird {
namespace {

class EmbeddingIds : public testing::Test {
protected:
    EmbeddingIds() {
        facts_.dimension = 4;
        facts_.buckets = {4, 8};
        facts_.prompts = {{"query", "q:"}};
    }
    Tokenizer tokenizer(bool with_end) {
        Json json = byte_tokenizer();
        if (with_end)
            json["post_processor"] = {
                {"type", "TemplateProcessing"},
                {"single",
                 {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                  {{"SpecialToken", {{"id", "<end>"}, {"type_id", 0}}}}}},
                {"pair",
                 {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                  {{"Sequence", {{"id", "B"}, {"type_id", 1}}}}}},
                {"special_tokens", {{"<end>", {{"id", "<end>"}, {"ids", {256}}, {"tokens", {"<end>"}}}}}}};
        write_file(folder_ / "tokenizer.json", json.dump());
        return Tokenizer::load(folder_.path());
    }
    std::vector<int64_t> ids(const std::string& text, const EmbedWords& words = {}, bool with_end = true) {
        return embedding_ids(tokenizer(with_end), facts_, text, words, dropped_);
    }

    TestFolder folder_;
    EmbeddingFacts facts_;
    int64_t dropped_ = -1;
};

TEST_F(EmbeddingIds, AreThePromptsAndTheTextsAndThoseAround) {
    EXPECT_EQ(ids("ab"), (std::vector<int64_t>{'a', 'b', 256}));
    EXPECT_EQ(ids("ab", {.prompt_name = "query"}), (std::vector<int64_t>{'q', ':', 'a', 'b', 256}));
    EXPECT_EQ(dropped_, 0);
    facts_.default_prompt = "query";
    EXPECT_EQ(ids("a"), (std::vector<int64_t>{'q', ':', 'a', 256}));
    EXPECT_NE(error_of(ErrorCode::usage, [&] { ids("a", {.prompt_name = "none"}); }).find("query"),
              std::string::npos);
}

TEST_F(EmbeddingIds, TheLimitIsTheLargestGraphs) {
    EXPECT_EQ(ids("1234567").size(), 8U);
    const std::string told = error_of(ErrorCode::usage, [&] { ids("12345678"); });
    EXPECT_NE(told.find("9 tokens"), std::string::npos);
    EXPECT_NE(told.find("baked for 8"), std::string::npos);
    EXPECT_NE(told.find("(--truncate)"), std::string::npos);
    EXPECT_EQ(error_of(ErrorCode::usage, [&] { ids("12345678", {.how_to_cut = ""}); }).find("cut"),
              std::string::npos);
}

TEST_F(EmbeddingIds, TruncatedTheTextLosesItsEndAlone) {
    EXPECT_EQ(ids("123456789", {.truncate = true}),
              (std::vector<int64_t>{'1', '2', '3', '4', '5', '6', '7', 256}));
    EXPECT_EQ(dropped_, 2);
    EXPECT_EQ(ids("12", {.truncate = true}).size(), 3U);
    EXPECT_EQ(dropped_, 0);
    facts_.buckets = {1};  // room for <end> alone
    EXPECT_NE(error_of(ErrorCode::usage, [&] { ids("12", {.truncate = true}); }).find("truncated"),
              std::string::npos);
}

TEST_F(EmbeddingIds, ATextWithoutTokensIsRefused) {
    EXPECT_NE(error_of(ErrorCode::usage, [&] { ids("", {}, false); }).find("empty"), std::string::npos);
    EXPECT_EQ(ids(""), std::vector<int64_t>{256});
}

TEST_F(EmbeddingIds, TokensThatWereGivenHaveTheSameLimit) {
    EXPECT_NO_THROW(refuse_too_long(facts_, 8, {}));
    EXPECT_NE(error_of(ErrorCode::usage, [&] { refuse_too_long(facts_, 9, {}); }).find("9 tokens"),
              std::string::npos);
}

}  // namespace
}  // namespace ovenbird
