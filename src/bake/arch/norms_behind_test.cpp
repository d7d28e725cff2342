// Families whose layers norm what they add to the stream.

#include <gtest/gtest.h>

#include "bake/arch/test_config.hpp"

namespace ovenbird {
namespace {

TEST(NormsBehind, Exaone4sSlidingLayersTurnAloneWhereThereAreSome) {
    auto config = sound_config("exaone4");
    config["num_hidden_layers"] = 5;
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{4096, 4096, 4096, 0, 4096}));
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{1, 1, 1, 0, 1}));
    config["sliding_window_pattern"] = "LG";
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{1, 0, 1, 0, 1}));
    config["sliding_window"] = nullptr;
    EXPECT_EQ(windows_of(config), std::vector<int64_t>(5, 0));
    EXPECT_EQ(rotary_layers(config), std::vector<int>(5, 1));
    const auto model = read_model_config(config, "c");
    EXPECT_TRUE(model.qk_norm && model.norms_behind && !model.norms_before && !model.qk_norm_whole);
    config["sliding_window"] = 8;
    for (const Json& wrong : {Json(0), Json("GLL"), Json("LL")}) {
        config["sliding_window_pattern"] = wrong;
        EXPECT_NE(refusal(config).find("sliding_window_pattern"), std::string::npos) << refusal(config);
    }
}

TEST(NormsBehind, OlmosNormsSpanAllHeads) {
    for (const char* type : {"olmo2", "olmo3"}) {
        auto config = sound_config(type);
        config.erase("rms_norm_eps");
        config["attention_bias"] = true;
        const auto model = read_model_config(config, "c");
        EXPECT_TRUE(model.qk_norm && model.qk_norm_whole && model.norms_behind && !model.norms_before);
        EXPECT_TRUE(model.qkv_bias && model.output_bias);
        EXPECT_EQ(model.norm_eps, 1e-5);
    }
}

TEST(NormsBehind, Olmo3sSlidingLayersAreNotScaled) {
    auto config = sound_config("olmo3");
    config["num_hidden_layers"] = 5;
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{4096, 4096, 4096, 0, 4096}));
    EXPECT_FALSE(read_model_config(config, "c").local_rope.has_value());
    config["rope_scaling"] = {
        {"rope_type", "yarn"}, {"factor", 8.0}, {"original_max_position_embeddings", 64}};
    const auto model = read_model_config(config, "c");
    EXPECT_EQ(model.rope.factor, 8);
    EXPECT_EQ(model.local_rope, RopeConfig{.theta = 20000.0});
    EXPECT_TRUE(model.layers[0].local_rope);
    EXPECT_FALSE(model.layers[3].local_rope);
}

TEST(NormsBehind, GlmsTurnHalfOfEachHead) {
    for (const char* type : {"glm", "glm4"}) {
        auto config = sound_config(type);
        config.erase("num_key_value_heads");
        auto model = read_model_config(config, "c");
        EXPECT_EQ(model.rope.rotary_size, 8);
        EXPECT_EQ(model.kv_heads, 2);
        EXPECT_TRUE(model.qkv_bias && !model.output_bias);
        EXPECT_EQ(model.norms_behind, type == std::string("glm4"));
        config["rope_parameters"] = {{"rope_type", "default"}, {"partial_rotary_factor", 0.25}};
        EXPECT_EQ(read_model_config(config, "c").rope.rotary_size, 4);
    }
}

}  // namespace
}  // namespace ovenbird
