#include "bake/arch/embedder_body.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

Json bert(const char* changes = "{}") {
    Json config = Json::parse(R"({"model_type": "bert", "hidden_size": 48, "intermediate_size": 64,
        "num_attention_heads": 3, "num_hidden_layers": 2, "vocab_size": 96, "type_vocab_size": 2,
        "max_position_embeddings": 512})");
    config.merge_patch(Json::parse(changes));
    return config;
}

Json gemma(const char* changes = "{}") {
    Json config = Json::parse(R"({"model_type": "gemma3_text", "hidden_size": 64, "intermediate_size": 64,
        "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 16, "num_hidden_layers": 2,
        "vocab_size": 96, "sliding_window": 512, "use_bidirectional_attention": true,
        "layer_types": ["sliding_attention", "full_attention"]})");
    config.merge_patch(Json::parse(changes));
    return config;
}

TEST(EmbedderBody, PositionsBeginBehindThePaddings) {
    EXPECT_EQ(read_embedder_body(bert(), "c").most_tokens(), 512);
    const auto body = read_embedder_body(
        bert(R"({"model_type": "xlm-roberta", "pad_token_id": 1, "max_position_embeddings": 514})"), "c");
    EXPECT_EQ(body.first_position, 2);
    EXPECT_EQ(body.most_tokens(), 512);
    EXPECT_TRUE(body.two_way);
}

TEST(EmbedderBody, GemmasWindowIsHalved) {
    const auto body = read_embedder_body(gemma(), "c");
    EXPECT_TRUE(body.two_way);
    EXPECT_EQ(body.model.layers[0].sliding_window, 257);
    EXPECT_EQ(body.model.layers[1].sliding_window, 0);
    const auto causal = read_embedder_body(gemma(R"({"use_bidirectional_attention": false})"), "c");
    EXPECT_FALSE(causal.two_way);
    EXPECT_EQ(causal.model.layers[0].sliding_window, 512);
}

TEST(EmbedderBody, LengthsThatWereTrained) {
    EXPECT_EQ(read_embedder_body(bert(), "c").shortest, 0);
    EXPECT_EQ(read_embedder_body(gemma(), "c").shortest, 128);
    const auto listed = read_embedder_body(bert(R"({"matryoshka_dimensions": [48, 16, 32]})"), "c");
    EXPECT_EQ(listed.lengths, (std::vector<int64_t>{16, 32, 48}));
    EXPECT_EQ(listed.shortest, 16);
}

TEST(EmbedderBody, RefusesWhatItDoesNotCompute) {
    for (const char* changes :
         {R"({"position_embedding_type": "relative_key"})", R"({"hidden_act": "relu6"})",
          R"({"is_decoder": true})", R"({"model_type": "nomic_bert"})", R"({"model_type": "t5"})"})
        error_of(ErrorCode::unsupported, [&] { read_embedder_body(bert(changes), "c"); });
    for (const char* changes : {R"({"num_attention_heads": 5})", R"({"num_hidden_layers": 0})",
                                R"({"type_vocab_size": 0})", R"({"vocab_size": null})"})
        error_of(ErrorCode::invalid_input, [&] { read_embedder_body(bert(changes), "c"); });
    error_of(ErrorCode::unsupported, [&] { read_embedder_body(gemma(R"({"is_causal": false})"), "c"); });
}

}  // namespace
}  // namespace ovenbird
