#include "model/embedding.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "model/first_vector.hpp"

namespace ovenbird {
namespace {

EmbeddingFacts some_facts() {
    EmbeddingFacts facts;
    facts.dimension = 768;
    facts.buckets = {64, 256, 512};
    facts.pooling = "mean";
    facts.normalized = true;
    facts.prompts = {{"query", "query: "}, {"passage", "passage: "}};
    facts.shortest = 128;
    facts.lengths = {128, 256, 512, 768};
    return facts;
}

EmbeddingFacts read_back(const Json& json) {
    return read_embedding(JsonObject(json, "ovenbird.json"));
}

TEST(Embedding, ComesBackFromJson) {
    const Json json = to_json(some_facts());
    EXPECT_EQ(to_json(read_back(json)), json);
    EXPECT_EQ(json.at("graphs").at(0).at("file"), "graphs/embed_64.xml");
    EXPECT_EQ(json.at("graphs").at(2).at("file"), "openvino_model.xml");
}

TEST(Embedding, RefusesWhatNoBakeWrites) {
    for (const char* buckets : {"[]", "[64, 32]", "[0]", "[-1]", "[1e3]", "[\"64\"]", "[200000]"}) {
        Json json = to_json(some_facts());
        json["buckets"] = Json::parse(buckets);
        EXPECT_NE(error_of(ErrorCode::invalid_input, [&] { read_back(json); }).find("buckets"),
                  std::string::npos)
            << buckets;
    }
    Json json = to_json(some_facts());
    json["dimension"] = 0;
    error_of(ErrorCode::invalid_input, [&] { read_back(json); });
}

TEST(Embedding, LengthsAreThoseOfTheTraining) {
    auto facts = some_facts();
    EXPECT_NO_THROW(check_length(facts, 768));
    EXPECT_NO_THROW(check_length(facts, 256));
    for (const int64_t length : {0, 64, 200, 769})
        error_of(ErrorCode::usage, [&] { check_length(facts, length); });
    facts.lengths.clear();
    EXPECT_NO_THROW(check_length(facts, 200));
    facts.shortest = 0;
    error_of(ErrorCode::usage, [&] { check_length(facts, 200); });
    EXPECT_NO_THROW(check_length(facts, 768));
}

TEST(Embedding, PromptsByTheirNames) {
    auto facts = some_facts();
    EXPECT_EQ(prompt_text(facts, std::nullopt), "");
    EXPECT_EQ(prompt_text(facts, "query"), "query: ");
    const auto text = error_of(ErrorCode::usage, [&] { (void)prompt_text(facts, "other"); });
    EXPECT_NE(text.find("passage, query"), std::string::npos);
    facts.default_prompt = "passage";
    EXPECT_EQ(prompt_text(facts, std::nullopt), "passage: ");
}

TEST(FirstVector, IsReadAsWritten) {
    const FirstVector vector{{1, 2}, {0.5F, -1.25F}};
    const auto read = first_vector_from_json(to_json(vector));
    EXPECT_EQ(read.ids, vector.ids);
    EXPECT_EQ(read.values, vector.values);
    for (const char* json : {R"({"ids":[],"values":[1]})", R"({"ids":[-1],"values":[1]})", R"({"ids":[1]})"})
        error_of(ErrorCode::invalid_input, [&] { first_vector_from_json(Json::parse(json)); });
}

TEST(FirstVector, CosineKnowsNoNumbers) {
    const std::vector<float> one{1, 0};
    EXPECT_NEAR(cosine(one, std::vector<float>{2, 2}), std::sqrt(0.5), 1e-7);
    EXPECT_EQ(cosine(one, std::vector<float>{0, 0}), 0);
    EXPECT_EQ(cosine(one, std::vector<float>{NAN, 1}), 0);
    EXPECT_EQ(cosine(one, std::vector<float>{1}), 0);
}

}  // namespace
}  // namespace ovenbird
