#include "bake/arch/architecture.hpp"

#include <gtest/gtest.h>

#include "bake/arch/known_types.hpp"
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
                {"head_dim", 16},
                {"vocab_size", 100},
                {"rms_norm_eps", 1e-5},
                {"rope_theta", 20000.0},
                // granitemoehybrid without what it is named after
                {"num_local_experts", 0},
                {"layers_block_type", {"attention", "attention", "attention"}}};
}

std::vector<int64_t> windows_of(const Json& config) {
    std::vector<int64_t> windows;
    for (const auto& layer : read_model_config(config, "c").layers)
        windows.push_back(layer.sliding_window);
    return windows;
}

std::vector<int> rotary_layers(const Json& config) {
    std::vector<int> rotary;
    for (const auto& layer : read_model_config(config, "c").layers)
        rotary.push_back(layer.rotary ? 1 : 0);
    return rotary;
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
        EXPECT_DOUBLE_EQ(model.rope.theta, 20000.0);
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
TEST(Architecture, WindowsOfQwenAreOffWhereTheyAreNull) {
    for (const char* type : {"qwen2", "qwen3"}) {
        auto qwen = sound_config(type);
        qwen["use_sliding_window"] = true;
        qwen["max_window_layers"] = 2;
        EXPECT_EQ(windows_of(qwen), (std::vector<int64_t>{0, 0, 4096})) << type;
        qwen["sliding_window"] = nullptr;
        EXPECT_EQ(windows_of(qwen), (std::vector<int64_t>{0, 0, 0})) << type;
    }
}

TEST(Architecture, SmolLm3TurnsAllButSomeLayers) {
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

TEST(Architecture, SmolLm3sDefaultsAreItsOwn) {
    auto config = sound_config("smollm3");
    EXPECT_TRUE(read_model_config(config, "c").tied_embeddings);
    config.erase("rope_theta");
    config.erase("num_key_value_heads");
    const auto model = read_model_config(config, "c");
    EXPECT_DOUBLE_EQ(model.rope.theta, 2e6);
    EXPECT_EQ(model.kv_heads, 4);
}

TEST(Architecture, GranitesFourNumbers) {
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

TEST(Architecture, GraniteHybridsAreBakedWhereTheyAreDense) {
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

TEST(Architecture, Phi3sScalingHasTwoOldNames) {
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

TEST(Architecture, MiniCpmsNumbersAreGranites) {
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

TEST(Architecture, HunyuansAlphaGrowsTheta) {
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

TEST(Architecture, GemmasNormsCapsAndWindows) {
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

TEST(Architecture, Gemma3HasTwoRotaryTables) {
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

TEST(Architecture, WhatGemmasCannotHaveIsRefusedByName) {
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
    gelu["hidden_act"] = "relu2";
    EXPECT_NE(refusal(gelu).find("relu2"), std::string::npos);
    auto absurd = sound_config("llama");
    absurd["num_hidden_layers"] = 4'000'000'000;
    EXPECT_NE(refusal(absurd).find("num_hidden_layers"), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
