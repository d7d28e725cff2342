// Families whose norms subtract the mean, and those without a gate.

#include <gtest/gtest.h>

#include "bake/arch/test_config.hpp"

namespace ovenbird {
namespace {

ModelConfig model_of(Json config, const char* epsilon) {
    config.erase("rms_norm_eps");
    EXPECT_EQ(read_model_config(config, "c").norm_eps, 1e-5);
    config[epsilon] = 0.25;
    const auto model = read_model_config(config, "c");
    EXPECT_EQ(model.norm, NormKind::layer);
    EXPECT_EQ(model.norm_eps, 0.25);
    return model;
}

TEST(NormsWithMean, StarCoder2HasOneWordForItsBiases) {
    auto config = sound_config("starcoder2");
    auto model = model_of(config, "norm_epsilon");
    EXPECT_TRUE(model.norm_bias && model.qkv_bias && model.output_bias && model.mlp_bias && !model.gated);
    EXPECT_TRUE(model.tied_embeddings);
    EXPECT_EQ(model.activation, Activation::gelu_tanh);
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{0, 0, 0}));
    config["use_bias"] = false;
    config["sliding_window"] = 8;
    model = read_model_config(config, "c");
    EXPECT_FALSE(model.qkv_bias || model.output_bias || model.mlp_bias);
    EXPECT_EQ(windows_of(config), (std::vector<int64_t>{8, 8, 8}));
}

TEST(NormsWithMean, StableLmsHalvesMayStandSideBySide) {
    auto config = sound_config("stablelm");
    auto model = model_of(config, "layer_norm_eps");
    EXPECT_TRUE(model.norm_bias && model.gated && !model.parallel && !model.qkv_bias);
    EXPECT_EQ(model.rope.rotary_size, 4);
    config["use_parallel_residual"] = true;
    config["use_qkv_bias"] = true;
    model = read_model_config(config, "c");
    EXPECT_TRUE(model.parallel && model.qkv_bias && !model.output_bias);
    config["qk_layernorm"] = true;
    EXPECT_NE(refusal(config).find("qk_layernorm is true"), std::string::npos) << refusal(config);
}

TEST(NormsWithMean, NemotronHasNoGate) {
    auto config = sound_config("nemotron");
    config["mlp_bias"] = true;
    const auto model = model_of(config, "norm_eps");
    EXPECT_TRUE(model.norm_bias && model.mlp_bias && !model.gated && !model.qkv_bias);
    EXPECT_EQ(model.activation, Activation::relu_squared);
    EXPECT_EQ(model.rope.rotary_size, 8);
    EXPECT_EQ(find_architecture("nemotron")->norm_offset, 1.0F);
}

TEST(NormsWithMean, CoheresNumbersAndLayers) {
    auto config = sound_config("cohere");
    const auto model = model_of(config, "layer_norm_eps");
    EXPECT_TRUE(model.parallel && !model.norm_bias && model.tied_embeddings && model.gated);
    EXPECT_EQ(model.logits_divisor, 16);
    config["logit_scale"] = 0;
    EXPECT_NE(refusal(config).find("logit_scale is 0"), std::string::npos) << refusal(config);
    config["use_qk_norm"] = true;
    EXPECT_NE(refusal(config).find("use_qk_norm is true"), std::string::npos) << refusal(config);
    auto second = sound_config("cohere2");
    second["num_hidden_layers"] = 5;
    EXPECT_EQ(windows_of(second), (std::vector<int64_t>{4096, 4096, 4096, 0, 4096}));
    second["sliding_window_pattern"] = 2;
    EXPECT_EQ(rotary_layers(second), (std::vector<int>{1, 0, 1, 0, 1}));
    second["layer_types"] = {"full_attention", "sliding_attention", "full_attention", "full_attention",
                             "full_attention"};
    EXPECT_EQ(rotary_layers(second), (std::vector<int>{0, 1, 0, 0, 0}));
    second.erase("layer_types");
    second["sliding_window_pattern"] = 0;
    EXPECT_NE(refusal(second).find("sliding_window_pattern"), std::string::npos) << refusal(second);
}

TEST(NormsWithMean, ArceeIsALlamaWithoutAGate) {
    const auto model = read_model_config(sound_config("arcee"), "c");
    EXPECT_EQ(model.norm, NormKind::rms);
    EXPECT_EQ(model.activation, Activation::relu_squared);
    EXPECT_FALSE(model.gated);
}

}  // namespace
}  // namespace ovenbird
