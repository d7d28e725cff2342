#include "model/config.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace ovenbird {
namespace {

ModelConfig sound_config() {
    ModelConfig config;
    config.model_type = "llama";
    config.hidden_size = 576;
    config.intermediate_size = 1536;
    config.heads = 9;
    config.kv_heads = 3;
    config.head_size = 64;
    config.vocab_size = 49152;
    config.max_positions = 2048;
    config.layers.resize(2);
    return config;
}

std::string refusal(const ModelConfig& config) {
    try {
        validate(config, "config.json");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(ModelConfig, SoundOnePasses) {
    EXPECT_EQ(refusal(sound_config()), "");
}

TEST(ModelConfig, SizesThatCannotBeAreNamed) {
    auto config = sound_config();
    config.hidden_size = 0;
    EXPECT_NE(refusal(config).find("hidden_size"), std::string::npos);
    config = sound_config();
    config.layers.resize(1'000'000);
    EXPECT_NE(refusal(config).find("num_hidden_layers"), std::string::npos);
    config = sound_config();
    config.vocab_size = -1;
    EXPECT_NE(refusal(config).find("vocab_size"), std::string::npos);
}

TEST(ModelConfig, HeadsMustDivide) {
    auto config = sound_config();
    config.kv_heads = 2;
    EXPECT_NE(refusal(config).find("not a multiple"), std::string::npos);
    config = sound_config();
    config.head_size = 63;
    EXPECT_NE(refusal(config).find("odd"), std::string::npos);
}

TEST(ModelConfig, NumbersThatAreNotNumbers) {
    auto config = sound_config();
    config.norm_eps = std::numeric_limits<double>::quiet_NaN();
    EXPECT_NE(refusal(config).find("rms_norm_eps"), std::string::npos);
    config = sound_config();
    config.rope.factor = 0;
    EXPECT_NE(refusal(config).find("rope"), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
