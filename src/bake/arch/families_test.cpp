// What each family has of its own.

#include <gtest/gtest.h>

#include <cmath>

#include "bake/arch/test_config.hpp"

namespace ovenbird {
namespace {

TEST(Families, WindowsOfQwenAreOffWhereTheyAreNull) {
    for (const char* type : {"qwen2", "qwen3"}) {
        auto qwen = sound_config(type);
        qwen["use_sliding_window"] = true;
        qwen["max_window_layers"] = 2;
        EXPECT_EQ(windows_of(qwen), (std::vector<int64_t>{0, 0, 4096})) << type;
        qwen["sliding_window"] = nullptr;
        EXPECT_EQ(windows_of(qwen), (std::vector<int64_t>{0, 0, 0})) << type;
    }
}

TEST(Families, SmolLm3TurnsAllButSomeLayers) {
    auto config = sound_config("smollm3");
    config["num_hidden_layers"] = 8;
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{1, 1, 1, 0, 1, 1, 1, 0}));
    config["no_rope_layer_interval"] = 3;
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{1, 1, 0, 1, 1, 0, 1, 1}));
    config["no_rope_layers"] = {0, 1, 0, 1, 1, 1, 1, 1};
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{0, 1, 0, 1, 1, 1, 1, 1}));
    config["sliding_window"] = 16;
    EXPECT_EQ(windows_of(config), std::vector<int64_t>(8, 0));
    config["use_sliding_window"] = true;
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{16, 0, 16, 0, 0, 0, 0, 0}));
    config["no_rope_layers"] = {0, 1, 0, 1, 1, 1, 1, 1, 0, 0};  // transformers reads as many as it needs
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{0, 1, 0, 1, 1, 1, 1, 1}));
    config["no_rope_layers"] = {0, 1};
    EXPECT_NE(refusal(config).find("no_rope_layers must list 8"), std::string::npos) << refusal(config);
    config["no_rope_layers"] = {0, 1, 2, 1, 1, 1, 1, 1};
    EXPECT_NE(refusal(config).find("no_rope_layers[2]"), std::string::npos) << refusal(config);
    config["no_rope_layers"] = nullptr;
    config["no_rope_layer_interval"] = 0;
    EXPECT_NE(refusal(config).find("no_rope_layer_interval"), std::string::npos) << refusal(config);
}

TEST(Families, SmolLm3sDefaultsAreItsOwn) {
    auto config = sound_config("smollm3");
    EXPECT_TRUE(read_model_config(config, "c").tied_embeddings);
    config.erase("rope_theta");
    config.erase("num_key_value_heads");
    const auto model = read_model_config(config, "c");
    EXPECT_DOUBLE_EQ(model.rope.theta, 2e6);
    EXPECT_EQ(model.kv_heads, 4);
}

TEST(Families, GranitesFourNumbers) {
    for (const char* type : {"granite", "granitemoehybrid"}) {
        auto config = sound_config(type);
        auto model = read_model_config(config, "c");
        EXPECT_EQ(model.attention_multiplier, 1.0) << "transformers' default, not 1 / sqrt(head_dim)";
        config["embedding_multiplier"] = 12;
        config["attention_multiplier"] = 0.0078125;
        config["residual_multiplier"] = 0.22;
        config["logits_scaling"] = 8.0;
        model = read_model_config(config, "c");
        EXPECT_DOUBLE_EQ(model.embedding_multiplier, 12);
        EXPECT_DOUBLE_EQ(model.attention_multiplier.value(), 0.0078125);
        EXPECT_DOUBLE_EQ(model.residual_multiplier, 0.22);
        EXPECT_DOUBLE_EQ(model.logits_divisor, 8);
        config["logits_scaling"] = 0;
        EXPECT_NE(refusal(config).find("logits_scaling is 0"), std::string::npos) << refusal(config);
    }
}

TEST(Families, GraniteHybridsAreBakedWhereTheyAreDense) {
    auto config = sound_config("granitemoehybrid");
    config["shared_intermediate_size"] = 96;
    EXPECT_EQ(read_model_config(config, "c").intermediate_size, 96);
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{0, 0, 0})) << "no position_embedding_type: none";
    config["position_embedding_type"] = "rope";
    EXPECT_EQ(rotary_layers(config), (std::vector<int>{1, 1, 1}));
    auto experts = config;
    experts["num_local_experts"] = 32;
    EXPECT_NE(refusal(experts).find("num_local_experts is 32"), std::string::npos) << refusal(experts);
    auto mamba = config;
    mamba["layers_block_type"] = {"attention", "mamba", "attention"};
    EXPECT_NE(refusal(mamba).find("layer 1 is \"mamba\""), std::string::npos) << refusal(mamba);
    mamba.erase("layers_block_type");
    EXPECT_NE(refusal(mamba).find("layer 0 is \"mamba\""), std::string::npos) << refusal(mamba);
}

TEST(Families, Phi3sScalingHasTwoOldNames) {
    auto config = sound_config("phi3");
    config["sliding_window"] = 12;
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{12, 12, 12}));
    EXPECT_EQ(read_model_config(config, "c").rope.original_context, 0);
    const std::vector<double> factors(6, 2.0);
    config["partial_rotary_factor"] = 0.75;
    for (const char* type : {"longrope", "su", "yarn"}) {
        config["rope_scaling"] = {{"type", type}, {"short_factor", factors}, {"long_factor", factors}};
        const auto rope = read_model_config(config, "c").rope;
        EXPECT_EQ(rope.scaling, RopeConfig::Scaling::longrope) << type;
        EXPECT_EQ(rope.original_context, 4096);
        EXPECT_EQ(rope.rotary_size, 12);
    }
    config["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
    EXPECT_NE(refusal(config).find("default, longrope"), std::string::npos) << refusal(config);
    config = sound_config("phi3");
    config["attention_bias"] = true;
    EXPECT_NE(refusal(config).find("attention_bias is true"), std::string::npos) << refusal(config);
    config["attention_bias"] = false;
    config["full_attn_mod"] = 2;
    EXPECT_NE(refusal(config).find("full_attn_mod is 2"), std::string::npos) << refusal(config);
}

TEST(Families, MiniCpmsNumbersAreGranites) {
    auto config = sound_config("minicpm");
    config["scale_emb"] = 12;
    config["scale_depth"] = 1.5;
    config["dim_model_base"] = 16;
    const auto model = read_model_config(config, "c");
    EXPECT_DOUBLE_EQ(model.embedding_multiplier, 12);
    EXPECT_DOUBLE_EQ(model.residual_multiplier * model.residual_multiplier, 0.75);
    EXPECT_DOUBLE_EQ(model.logits_divisor, 4);
    EXPECT_FALSE(model.attention_multiplier.has_value());
    config["sparse_config"] = {{"topk", 64}};
    EXPECT_NE(refusal(config).find("sparse_config"), std::string::npos) << refusal(config);
    config["num_experts"] = 8;
    EXPECT_NE(refusal(config).find("num_experts is 8"), std::string::npos) << refusal(config);
}

TEST(Families, HunyuansAlphaGrowsTheta) {
    auto config = sound_config("hunyuan_v1_dense");
    config["rope_theta"] = 100.0;
    config["rope_scaling"] = {{"type", "dynamic"}, {"alpha", 128.0}, {"factor", 1.0}};
    const auto model = read_model_config(config, "c");
    EXPECT_TRUE(model.qk_norm_behind_rope);
    EXPECT_EQ(model.rope.scaling, RopeConfig::Scaling::none);
    EXPECT_NEAR(model.rope.theta, 25600, 1e-6);  // 128^(16 / 14) = 256
    config["rope_scaling"]["alpha"] = -1.0;
    EXPECT_NE(refusal(config).find("alpha is -1"), std::string::npos) << refusal(config);
    config["use_cla"] = true;
    EXPECT_NE(refusal(config).find("use_cla"), std::string::npos) << refusal(config);
    config["use_qk_norm"] = false;
    EXPECT_NE(refusal(config).find("use_qk_norm"), std::string::npos) << refusal(config);
}

TEST(Families, GemmasNormsCapsAndWindows) {
    auto without_head_dim = sound_config("gemma");
    without_head_dim.erase("head_dim");
    const auto gemma = read_model_config(without_head_dim, "c");
    EXPECT_EQ(gemma.activation, Activation::gelu_tanh);
    EXPECT_EQ(gemma.head_size, 256);
    EXPECT_TRUE(gemma.tied_embeddings);
    EXPECT_FALSE(gemma.norms_behind);
    EXPECT_DOUBLE_EQ(gemma.embedding_multiplier, 8.0);
    auto config = sound_config("gemma2");
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{4096, 0, 4096}));
    auto model = read_model_config(config, "c");
    EXPECT_TRUE(model.norms_behind);
    EXPECT_DOUBLE_EQ(model.attention_softcap, 50.0);
    EXPECT_DOUBLE_EQ(model.logits_softcap, 30.0);
    EXPECT_DOUBLE_EQ(model.attention_multiplier.value(), 1.0 / 16);
    config["attn_logit_softcapping"] = nullptr;
    config["final_logit_softcapping"] = 5.0;
    config["sliding_window"] = 16;
    config["layer_types"] = {"full_attention", "sliding_attention", "full_attention"};
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{0, 16, 0}));
    model = read_model_config(config, "c");
    EXPECT_EQ(model.attention_softcap, 0);
    EXPECT_EQ(model.logits_softcap, 5);
}

TEST(Families, Gemma3HasTwoRotaryTables) {
    auto config = sound_config("gemma3_text");
    config["sliding_window"] = 8;
    config["sliding_window_pattern"] = 2;
    config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 8.0}};
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{8, 0, 8}));
    auto model = read_model_config(config, "c");
    EXPECT_TRUE(model.qk_norm);
    EXPECT_EQ(model.rope.factor, 8);
    EXPECT_EQ(model.local_rope->theta, 10000);
    EXPECT_EQ(model.local_rope->scaling, RopeConfig::Scaling::none);
    EXPECT_TRUE(model.layers[0].local_rope);
    EXPECT_FALSE(model.layers[1].local_rope);
    config.erase("rope_scaling");
    config["rope_parameters"] = {
        {"full_attention", {{"rope_type", "linear"}, {"factor", 4.0}, {"rope_theta", 3e5}}},
        {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 700.0}}}};
    model = read_model_config(config, "c");
    EXPECT_EQ(model.rope.theta, 3e5);
    EXPECT_EQ(model.rope.factor, 4);
    EXPECT_EQ(model.local_rope->theta, 700);
    const Json whole{
        {"model_type", "gemma3"},
        {"text_config", {{"hidden_size", 2560}, {"intermediate_size", 10240}, {"num_hidden_layers", 34}}}};
    model = read_model_config(whole, "c");
    EXPECT_EQ(model.heads, 8);
    EXPECT_EQ(model.vocab_size, 262208);
    EXPECT_EQ(model.rope.theta, 1e6);
    EXPECT_EQ(model.layers[5].sliding_window, 0);
    EXPECT_EQ(model.layers[6].sliding_window, 4096);
}

TEST(Families, WhatGemmasCannotHaveIsRefusedByName) {
    const auto with = [](const char* type, const char* key, const Json& value) {
        auto config = sound_config(type);
        config[key] = value;
        return refusal(config);
    };
    for (const char* type : {"gemma", "gemma2", "gemma3_text"}) {
        const auto text = with(type, "use_bidirectional_attention", true);
        EXPECT_NE(text.find("use_bidirectional_attention"), std::string::npos) << text;
    }
    for (const char* key : {"attn_logit_softcapping", "sliding_window_pattern", "query_pre_attn_scalar"}) {
        const auto text = with("gemma3_text", key, -1);
        EXPECT_NE(text.find(key), std::string::npos) << text;
    }
    auto text = with("gemma3", "text_config", {{"model_type", "llama"}});
    EXPECT_NE(text.find("'llama'"), std::string::npos) << text;
    text = with("gemma3_text", "rope_parameters", {{"rope_type", "default"}});
    EXPECT_NE(text.find("rope_parameters"), std::string::npos) << text;
    text = with("gemma3_text", "rope_parameters",
                {{"sliding_attention", {{"rope_type", "yarn"}, {"factor", 2.0}}}});
    EXPECT_NE(text.find("sliding_attention"), std::string::npos) << text;
}

}  // namespace
}  // namespace ovenbird
