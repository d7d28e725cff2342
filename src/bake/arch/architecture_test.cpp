#include "bake/arch/architecture.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace ovenbird {
namespace {

Json sound_config(const char* type) {
    return Json{{"model_type", type},
                {"hidden_size", 64},
                {"intermediate_size", 128},
                {"num_hidden_layers", 3},
                {"num_attention_heads", 4},
                {"num_key_value_heads", 2},
                {"max_position_embeddings", 256},
                {"vocab_size", 100},
                {"rms_norm_eps", 1e-5}};
}

std::string refusal(const Json& config) {
    try {
        read_model_config(config, "config.json");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(Architecture, UnknownOneIsRefusedByNameWithTheKnownOnes) {
    const auto text = refusal(sound_config("mamba"));
    EXPECT_NE(text.find("'mamba'"), std::string::npos) << text;
    for (const auto& row : architectures())
        EXPECT_NE(text.find(row.model_type), std::string::npos) << text;
}

TEST(Architecture, EachRowReadsTheCommonPart) {
    for (const auto& row : architectures()) {
        const auto model = read_model_config(sound_config(row.model_type), "config.json");
        EXPECT_EQ(model.hidden_size, 64);
        EXPECT_EQ(model.kv_heads, 2);
        EXPECT_EQ(model.sliding_window.size(), 3U);
        EXPECT_DOUBLE_EQ(model.rope.theta, 10000.0);
    }
}

TEST(Architecture, FeaturesOfEachFamily) {
    auto llama = sound_config("llama");
    llama["attention_bias"] = true;
    llama["mlp_bias"] = true;
    EXPECT_TRUE(read_model_config(llama, "c").output_bias);
    EXPECT_TRUE(read_model_config(llama, "c").mlp_bias);

    const auto qwen2 = read_model_config(sound_config("qwen2"), "c");
    EXPECT_TRUE(qwen2.qkv_bias);
    EXPECT_FALSE(qwen2.output_bias);

    const auto qwen3 = read_model_config(sound_config("qwen3"), "c");
    EXPECT_TRUE(qwen3.qk_norm);
    EXPECT_EQ(qwen3.head_size, 128);
}

TEST(Architecture, SlidingWindows) {
    auto mistral = sound_config("mistral");
    mistral["sliding_window"] = 16;
    EXPECT_EQ(read_model_config(mistral, "c").sliding_window, (std::vector<int64_t>{16, 16, 16}));
    mistral["sliding_window"] = nullptr;
    EXPECT_EQ(read_model_config(mistral, "c").sliding_window, (std::vector<int64_t>{0, 0, 0}));

    auto qwen2 = sound_config("qwen2");
    qwen2["sliding_window"] = 16;
    qwen2["max_window_layers"] = 1;
    qwen2["use_sliding_window"] = false;
    EXPECT_EQ(read_model_config(qwen2, "c").sliding_window, (std::vector<int64_t>{0, 0, 0}));
    qwen2["use_sliding_window"] = true;
    EXPECT_EQ(read_model_config(qwen2, "c").sliding_window, (std::vector<int64_t>{0, 16, 16}));
    qwen2["layer_types"] = {"sliding_attention", "full_attention", "full_attention"};
    EXPECT_EQ(read_model_config(qwen2, "c").sliding_window, (std::vector<int64_t>{16, 0, 0}));
    qwen2["layer_types"] = {"sliding_attention", "linear_attention", "full_attention"};
    EXPECT_NE(refusal(qwen2).find("linear_attention"), std::string::npos);
}

TEST(Architecture, RopeOldAndNewSpelling) {
    auto old_style = sound_config("llama");
    old_style["rope_theta"] = 500000.0;
    old_style["rope_scaling"] = {{"rope_type", "llama3"},
                                 {"factor", 8.0},
                                 {"low_freq_factor", 1.0},
                                 {"high_freq_factor", 4.0},
                                 {"original_max_position_embeddings", 64}};
    auto new_style = sound_config("llama");
    new_style["rope_parameters"] = old_style["rope_scaling"];
    new_style["rope_parameters"]["rope_theta"] = 500000.0;
    for (const auto& config : {old_style, new_style}) {
        const auto rope = read_model_config(config, "c").rope;
        EXPECT_EQ(rope.scaling, RopeConfig::Scaling::llama3);
        EXPECT_DOUBLE_EQ(rope.theta, 500000.0);
        EXPECT_EQ(rope.original_context, 64);
    }
    old_style["rope_scaling"] = {{"type", "yarn"}, {"factor", 2.0}};
    EXPECT_NE(refusal(old_style).find("yarn"), std::string::npos);
}

TEST(Architecture, WhatCannotBeBakedSaysWhy) {
    auto gelu = sound_config("llama");
    gelu["hidden_act"] = "gelu";
    EXPECT_NE(refusal(gelu).find("gelu"), std::string::npos);
    auto quantised = sound_config("llama");
    quantised["quantization_config"] = {{"quant_method", "awq"}};
    EXPECT_NE(refusal(quantised).find("already quantised"), std::string::npos);
    auto absurd = sound_config("llama");
    absurd["num_hidden_layers"] = 4'000'000'000;
    EXPECT_NE(refusal(absurd).find("num_hidden_layers"), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
