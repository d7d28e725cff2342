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

Json nomic(const char* changes = "{}") {
    Json config =
        Json::parse(R"({"model_type": "nomic_bert", "n_embd": 48, "n_inner": 64, "n_head": 3, "n_layer": 2,
        "vocab_size": 96, "type_vocab_size": 2, "n_positions": 8192, "max_trained_positions": 2048,
        "layer_norm_epsilon": 1e-5, "rotary_emb_base": 500, "rotary_emb_fraction": 1.0, "rotary_scaling_factor": null,
        "prenorm": false, "qkv_proj_bias": false, "activation_function": "swiglu"})");
    config.merge_patch(Json::parse(changes));
    return config;
}

TEST(EmbedderBody, NomicsKeysAreItsMakersOrTransformers) {
    const Json others =
        bert(R"({"model_type": "nomic_bert", "layer_norm_eps": 1e-5, "max_position_embeddings": 2048,
        "hidden_act": "silu", "head_dim": 16, "rope_parameters": {"rope_type": "default", "rope_theta": 500}})");
    for (const Json& config : {nomic(), others}) {
        const auto body = read_embedder_body(config, "c");
        EXPECT_EQ(body.kind, EmbedderBody::Kind::nomic_bert);
        EXPECT_TRUE(body.two_way);
        EXPECT_EQ(body.most_tokens(), 2048);
        EXPECT_EQ(body.token_types, 2);
        EXPECT_EQ(body.model.hidden_size, 48);
        EXPECT_EQ(body.model.intermediate_size, 64);
        EXPECT_EQ(body.model.head_size, 16);
        EXPECT_EQ(body.model.layer_count(), 2);
        EXPECT_EQ(body.model.norm_eps, 1e-5);
        EXPECT_EQ(body.model.rope.theta, 500);
        EXPECT_EQ(body.model.activation, Activation::silu);
    }
}

TEST(EmbedderBody, OtherNomicsAreRefused) {
    for (const char* changes :
         {R"({"prenorm": true})", R"({"moe_every_n_layers": 2})", R"({"qkv_proj_bias": true})",
          R"({"causal": true})", R"({"rotary_emb_fraction": 0.5})", R"({"activation_function": "gelu"})",
          R"({"rotary_emb_scale_base": 512})"})
        error_of(ErrorCode::unsupported, [&] { read_embedder_body(nomic(changes), "c"); });
    error_of(ErrorCode::invalid_input, [&] { read_embedder_body(nomic(R"({"n_head": 5})"), "c"); });
}

TEST(EmbedderBody, RefusesWhatItDoesNotCompute) {
    for (const char* changes :
         {R"({"position_embedding_type": "relative_key"})", R"({"hidden_act": "relu6"})",
          R"({"is_decoder": true})", R"({"model_type": "t5"})"})
        error_of(ErrorCode::unsupported, [&] { read_embedder_body(bert(changes), "c"); });
    for (const char* changes : {R"({"num_attention_heads": 5})", R"({"num_hidden_layers": 0})",
                                R"({"type_vocab_size": 0})", R"({"vocab_size": null})"})
        error_of(ErrorCode::invalid_input, [&] { read_embedder_body(bert(changes), "c"); });
    error_of(ErrorCode::unsupported, [&] { read_embedder_body(gemma(R"({"is_causal": false})"), "c"); });
}

}  // namespace
}  // namespace ovenbird
