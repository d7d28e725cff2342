#include "serve/api/embeddings.hpp"

#include <gtest/gtest.h>

#include "serve/api/test_api.hpp"

namespace ovenbird {
namespace {

EmbedCall read_openai(const Json& request) {
    return openai_embeddings_format().read(request);
}

TEST(Embeddings, OpenAIsFourKindsOfInput) {
    const auto inputs = [](const Json& input) {
        return read_openai({{"model", "m"}, {"input", input}}).ask.inputs;
    };
    ASSERT_EQ(inputs("a").size(), 1U);
    EXPECT_EQ(inputs("a")[0].text, "a");
    EXPECT_EQ(inputs({"a", "b"})[1].text, "b");
    ASSERT_EQ(inputs({3, 4}).size(), 1U);
    EXPECT_EQ(inputs({3, 4})[0].ids, (std::vector<int64_t>{3, 4}));
    EXPECT_EQ(inputs(Json::parse("[[3], [4, 5]]"))[1].ids, (std::vector<int64_t>{4, 5}));
    for (const char* wrong : {"null", "\"\"", "[]", "[[]]", "[\"a\", \"\"]", "[1, \"a\"]", "[-1]", "[1.5]",
                              "7", "[4294967296]", "{}", "[null]"})
        EXPECT_EQ(refused([&] { inputs(Json::parse(wrong)); }).parameter, "input") << wrong;
    EXPECT_EQ(inputs(Json(std::vector<std::string>(2048, "a"))).size(), 2048U);
    EXPECT_EQ(refused([&] { inputs(Json(std::vector<std::string>(2049, "a"))); }).parameter, "input");
}

TEST(Embeddings, OpenAIsOtherFields) {
    const Json request{{"model", "m"},    {"input", "a"}, {"encoding_format", "base64"},
                       {"dimensions", 3}, {"user", "x"},  {"prompt_name", "query"}};
    const EmbedCall call = read_openai(request);
    EXPECT_TRUE(call.base64);
    EXPECT_FALSE(call.ask.truncate);
    EXPECT_EQ(call.ask.how_to_cut, "");
    EXPECT_EQ(call.ask.dimensions, 3);
    EXPECT_EQ(call.ask.prompt_name, "query");
    replace_every_field(request, [](const Json& changed) { (void)read_openai(changed); });
    for (const auto& [field, value] :
         {std::pair<const char*, Json>{"encoding_format", "hex"}, {"dimensions", 0}, {"model", ""}}) {
        Json changed = request;
        changed[field] = value;
        EXPECT_EQ(refused([&] { read_openai(changed); }).parameter, field);
    }
}

TEST(Embeddings, OpenAIsAnswer) {
    EmbedCall call{.model = "m"};
    const EmbedAnswer answer{{{1, -2}, {0.5F, 0}}, 7, 1, 2};
    Json json = openai_embeddings_format().whole(call, answer);
    EXPECT_EQ(json["data"][1]["index"], 1);
    EXPECT_EQ(json["data"][1]["embedding"], (std::vector<float>{0.5F, 0}));
    EXPECT_EQ(json["usage"], (Json{{"prompt_tokens", 7}, {"total_tokens", 7}}));
    call.base64 = true;
    EXPECT_EQ(openai_embeddings_format().whole(call, answer)["data"][0]["embedding"], "AACAPwAAAMA=");
}

TEST(Embeddings, EveryPadOfBase64) {
    EXPECT_EQ(packed_base64({}), "");
    EXPECT_EQ(packed_base64({1}), "AACAPw==");
    EXPECT_EQ(packed_base64({1, -2}), "AACAPwAAAMA=");
    EXPECT_EQ(packed_base64({1, -2, 0.15625F}), "AACAPwAAAMAAACA+");
}

TEST(Embeddings, OllamasRequests) {
    const auto& format = ollama_embed_format();
    const Json request{{"model", "m"},    {"input", {"a", ""}}, {"truncate", false},
                       {"dimensions", 2}, {"keep_alive", "5m"}, {"options", {{"num_ctx", 9}}}};
    const EmbedCall call = format.read(request);
    EXPECT_EQ(call.ask.inputs.size(), 2U);
    EXPECT_FALSE(call.ask.truncate);
    EXPECT_EQ(call.keep_alive_s, 300);
    EXPECT_NE(call.ask.how_to_cut, "");
    replace_every_field(request, [&](const Json& changed) { (void)format.read(changed); });
    EXPECT_TRUE(format.read({{"model", "m"}, {"input", "a"}}).ask.truncate);
    for (const Json& none : {Json(nullptr), Json(""), Json::array()})
        EXPECT_TRUE(format.read({{"model", "m"}, {"input", none}}).ask.inputs.empty());
    EXPECT_EQ(refused([&] { format.read({{"model", "m"}, {"input", {1, 2}}}); }).parameter, "input");
    EXPECT_EQ(refused([&] { format.read({{"model", "m"}, {"input", 1}}); }).parameter, "input");
    const auto& older = ollama_embeddings_format();
    EXPECT_EQ(older.read({{"model", "m"}, {"prompt", "a"}}).ask.inputs[0].text, "a");
    EXPECT_FALSE(older.read({{"model", "m"}, {"prompt", "a"}}).ask.truncate);
    replace_every_field({{"model", "m"}, {"prompt", "a"}, {"options", {{"seed", 1}}}},
                        [&](const Json& changed) { (void)older.read(changed); });
}

TEST(Embeddings, OllamasAnswers) {
    const EmbedCall call{.model = "m"};
    const EmbedAnswer answer{{{1, -2}}, 7, 1.5, 2};
    EXPECT_EQ(
        ollama_embed_format().whole(call, answer),
        Json::parse(
            R"({"model": "m", "embeddings": [[1, -2]], "total_duration": 2000000, "load_duration": 1500000,
                              "prompt_eval_count": 7})"));
    EXPECT_EQ(ollama_embeddings_format().whole(call, answer), Json::parse(R"({"embedding": [1, -2]})"));
    EXPECT_EQ(ollama_embeddings_format().whole(call, {}), Json::parse(R"({"embedding": []})"));
    EXPECT_EQ(ollama_embed_format().error({400, "x", "no"}), (Json{{"error", "no"}}));
    EXPECT_EQ(openai_embeddings_format().error({400, "x", "no", "input"})["error"]["param"], "input");
}

}  // namespace
}  // namespace ovenbird
