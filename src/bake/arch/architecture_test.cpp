#include <gtest/gtest.h>

#include "bake/arch/known_types.hpp"
#include "bake/arch/test_config.hpp"

namespace ovenbird {
namespace {

TEST(Architecture, UnknownOneIsRefusedByNameWithTheKnownOnes) {
    const auto text = refusal(sound_config("mamba"));
    EXPECT_NE(text.find("'mamba'"), std::string::npos) << text;
    for (const auto* row : architectures())
        EXPECT_NE(text.find(row->model_type), std::string::npos) << text;
}

TEST(Architecture, WhatIsKnownNotToBeBakedSaysWhy) {
    for (const auto& [type, why] : {std::pair("qwen3_moe", "mixture of experts"),
                                    {"mamba", "keep another state"},
                                    {"qwen2_5_vl", "sees or hears"},
                                    {"bert", "an encoder"},
                                    {"t5", "an encoder and a decoder"}})
        EXPECT_NE(refusal(sound_config(type)).find(why), std::string::npos) << refusal(sound_config(type));
    EXPECT_NE(refusal(sound_config("tomorrow")).find("is not known"), std::string::npos);
    for (const auto* row : architectures())
        EXPECT_EQ(why_not_baked(row->model_type), "");
}

TEST(Architecture, EachRowReadsTheCommonPart) {
    for (const auto* row : architectures()) {
        const auto model = read_model_config(sound_config(row->model_type), "config.json");
        EXPECT_EQ(model.hidden_size, 64);
        EXPECT_EQ(model.kv_heads, 2);
        EXPECT_EQ(model.layer_count(), 3);
        // Gemma 4 has one for each kind of layers, and none for all.
        const bool has_two = std::string(row->model_type).starts_with("gemma4");
        EXPECT_DOUBLE_EQ(model.rope.theta, has_two ? 1e6 : 20000.0);
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

    auto without_head_dim = sound_config("qwen3");
    without_head_dim.erase("head_dim");
    const auto qwen3 = read_model_config(without_head_dim, "c");
    EXPECT_TRUE(qwen3.qk_norm);
    EXPECT_EQ(qwen3.head_size, 128);
}

TEST(Architecture, SlidingWindows) {
    auto mistral = sound_config("mistral");
    mistral["sliding_window"] = 16;
    EXPECT_EQ(windows_of(mistral), (std::vector<int64_t>{16, 16, 16}));
    mistral["sliding_window"] = nullptr;
    EXPECT_EQ(windows_of(mistral), (std::vector<int64_t>{0, 0, 0}));
    mistral.erase("sliding_window");
    EXPECT_EQ(windows_of(mistral), (std::vector<int64_t>{4096, 4096, 4096}));

    auto qwen2 = sound_config("qwen2");
    qwen2["sliding_window"] = 16;
    qwen2["max_window_layers"] = 1;
    qwen2["use_sliding_window"] = false;
    EXPECT_EQ(windows_of(qwen2), (std::vector<int64_t>{0, 0, 0}));
    qwen2["use_sliding_window"] = true;
    EXPECT_EQ(windows_of(qwen2), (std::vector<int64_t>{0, 16, 16}));
    qwen2["layer_types"] = {"sliding_attention", "full_attention", "full_attention"};
    EXPECT_EQ(windows_of(qwen2), (std::vector<int64_t>{16, 0, 0}));
    qwen2["layer_types"] = {"sliding_attention", "linear_attention", "full_attention"};
    EXPECT_NE(refusal(qwen2).find("linear_attention"), std::string::npos);
}

// As transformers: no key is 4096, null is no window, whatever use_sliding_window says.
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
    old_style["rope_scaling"] = {{"type", "mrope"}, {"factor", 2.0}};
    EXPECT_NE(refusal(old_style).find("'mrope'"), std::string::npos);
}

TEST(Architecture, WhatCannotBeBakedSaysWhy) {
    auto gelu = sound_config("llama");
    gelu["hidden_act"] = "xielu";
    EXPECT_NE(refusal(gelu).find("xielu"), std::string::npos);
    auto absurd = sound_config("llama");
    absurd["num_hidden_layers"] = 4'000'000'000;
    EXPECT_NE(refusal(absurd).find("num_hidden_layers"), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
