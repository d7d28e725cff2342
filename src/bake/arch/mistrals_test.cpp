// Mistral's later families.

#include <gtest/gtest.h>

#include "bake/arch/test_config.hpp"

namespace ovenbird {
namespace {

TEST(Mistrals, QueriesOfMinistral3Grow) {
    auto config = sound_config("ministral3");
    config.erase("num_key_value_heads");
    config["num_attention_heads"] = 8;
    config.erase("rope_theta");
    auto model = read_model_config(config, "c");
    EXPECT_EQ(model.kv_heads, 8);
    EXPECT_EQ(model.rope.scaling, RopeConfig::Scaling::yarn);
    EXPECT_EQ(model.rope.theta, 1e6);
    EXPECT_EQ(model.rope.attention_factor, 1);
    EXPECT_EQ(model.query_growth->beta, 0.1);
    EXPECT_EQ(model.query_growth->context, 16384);
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{0, 0, 0}));
    for (const char* key : {"rope_parameters", "rope_scaling"}) {
        auto own = config;
        own["sliding_window"] = 8;
        own[key] = {{"rope_type", "yarn"},
                    {"factor", 4.0},
                    {"original_max_position_embeddings", 64},
                    {"max_position_embeddings", 256},
                    {"llama_4_scaling_beta", 0.5}};
        EXPECT_EQ(windows_of(own), (std::vector<int64_t>{8, 8, 8}));
        model = read_model_config(own, "c");
        EXPECT_EQ(model.query_growth->beta, 0.5);
        EXPECT_EQ(model.query_growth->context, 64);
        own[key].erase("llama_4_scaling_beta");
        EXPECT_FALSE(read_model_config(own, "c").query_growth.has_value());
        own[key]["llama_4_scaling_beta"] = -1;
        EXPECT_NE(refusal(own).find("llama_4_scaling_beta is -1"), std::string::npos) << refusal(own);
    }
}

TEST(Mistrals, TheTextOfThoseThatSee) {
    auto text = sound_config("ministral3");
    Json whole{{"model_type", "mistral3"}, {"tie_word_embeddings", true}, {"text_config", text}};
    auto model = read_model_config(whole, "c");
    EXPECT_EQ(model.model_type, "ministral3");
    EXPECT_TRUE(model.query_growth.has_value());
    EXPECT_TRUE(model.tied_embeddings);
    whole["text_config"]["model_type"] = "mistral";
    whole["text_config"]["tie_word_embeddings"] = false;
    model = read_model_config(whole, "c");
    EXPECT_EQ(model.model_type, "mistral");
    EXPECT_FALSE(model.tied_embeddings);
    EXPECT_FALSE(model.query_growth.has_value());
    whole["text_config"]["model_type"] = "llama";
    EXPECT_NE(refusal(whole).find("'llama'"), std::string::npos) << refusal(whole);
}

}  // namespace
}  // namespace ovenbird
