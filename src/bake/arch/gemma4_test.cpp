// Gemma 4's config.json: layers of two kinds and sizes, and what is refused.

#include <gtest/gtest.h>

#include "bake/arch/test_config.hpp"

namespace ovenbird {
namespace {

Json config_of(int64_t layers) {
    auto config = sound_config("gemma4_text");
    config["num_hidden_layers"] = layers;
    config["vocab_size_per_layer_input"] = 100;
    config.erase("rope_theta");
    return config;
}

std::string refusal_with(const char* key, const Json& value) {
    auto config = config_of(3);
    config[key] = value;
    return refusal(config);
}

TEST(Gemma4, LayersHaveTwoKindsAndSizes) {
    auto config = config_of(7);
    config["attention_k_eq_v"] = true;
    config["num_global_key_value_heads"] = 1;
    const auto model = read_model_config(config, "c");
    EXPECT_EQ(windows_of(config),
              (std::vector<int64_t>{512, 512, 512, 512, 512, 0, 0}));  // the last sees all
    EXPECT_EQ(model.of_layer(0).head_size, 16);
    EXPECT_EQ(model.of_layer(0).kv_heads, 2);
    EXPECT_FALSE(model.layers[0].keys_as_values);
    EXPECT_EQ(model.of_layer(5).head_size, 512);
    EXPECT_EQ(model.of_layer(5).kv_heads, 1);
    EXPECT_TRUE(model.layers[5].keys_as_values);
    EXPECT_EQ(model.rope.scaling, RopeConfig::Scaling::proportional);
    EXPECT_EQ(model.rope.turning_pairs, 64);
    EXPECT_EQ(model.rope.theta, 1e6);
    EXPECT_EQ(model.local_rope->theta, 1e4);
    EXPECT_EQ(model.turned_head_size(false), 512);
    EXPECT_EQ(model.turned_head_size(true), 16);
    EXPECT_EQ(model.layer_input.size, 256);
}

TEST(Gemma4, LastLayersReadTheKeysOfTheLastOneOfTheirKind) {
    auto config = config_of(6);
    config["layer_types"] = {"full_attention",    "sliding_attention", "full_attention",
                             "sliding_attention", "sliding_attention", "full_attention"};
    config["num_kv_shared_layers"] = 3;
    config["use_double_wide_mlp"] = true;
    config["global_head_dim"] = 16;
    config["hidden_size_per_layer_input"] = 0;
    const auto model = read_model_config(config, "c");
    std::vector<int64_t> read;
    for (const auto& layer : model.layers)
        read.push_back(layer.keys_of);
    EXPECT_EQ(read, (std::vector<int64_t>{-1, -1, -1, 1, 1, 2}));
    EXPECT_EQ(model.of_layer(2).intermediate_size, 128);
    EXPECT_EQ(model.of_layer(3).intermediate_size, 256);
    EXPECT_EQ(model.layer_input.size, 0);
    EXPECT_STREQ(model.why_not_apart(), "layers that read the keys of others");
}

TEST(Gemma4, ThePartThatReadsIsTaken) {
    const auto text = config_of(3);
    const Json whole{{"model_type", "gemma4"}, {"text_config", text}};
    EXPECT_EQ(read_model_config(whole, "c").model_type, "gemma4_text");
}

TEST(Gemma4, WhatItCannotHaveIsRefusedByName) {
    const Json scaled{{"rope_type", "linear"}, {"factor", 2.0}};
    const Json plain{{"rope_type", "default"}};
    const std::vector<std::pair<const char*, Json>> refused{
        {"enable_moe_block", true},
        {"use_bidirectional_attention", "all"},
        {"num_kv_shared_layers", 3},
        {"num_kv_shared_layers", 1},  // the only layer that sees all
        {"num_kv_shared_layers", -1},
        {"global_head_dim", 0},
        {"global_head_dim", 15},
        {"hidden_size_per_layer_input", -1},
        {"vocab_size_per_layer_input", 99},
        {"sliding_window", nullptr},
    };
    for (const auto& [key, value] : refused) {
        const auto text = refusal_with(key, value);
        const char* named = value == 15 ? "head_dim" : key;
        EXPECT_NE(text.find(named), std::string::npos) << key << ": " << text;
    }
    const auto rope = [&](const Json& full, const Json& sliding) {
        return refusal_with("rope_parameters", {{"full_attention", full}, {"sliding_attention", sliding}});
    };
    EXPECT_NE(rope(scaled, plain).find("of full_attention is not"), std::string::npos);
    EXPECT_NE(rope(nullptr, plain).find("has no full_attention"), std::string::npos);
    EXPECT_NE(
        rope({{"rope_type", "proportional"}, {"partial_rotary_factor", 0.0}}, plain).find("leaves no pair"),
        std::string::npos);
    EXPECT_NE(rope({{"rope_type", "proportional"}}, {{"rope_type", "dynamic"}, {"factor", 2.0}})
                  .find("sliding_attention"),
              std::string::npos);
}

}  // namespace
}  // namespace ovenbird
