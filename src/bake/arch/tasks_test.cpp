#include "bake/arch/tasks.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace ovenbird {
namespace {

std::string refusal(const Json& architectures, bool has_head = true) {
    const Json config{{"architectures", architectures}};
    try {
        check_task(JsonObject(config, "config.json"), has_head);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        return error.what();
    }
    return "";
}

TEST(CheckTask, OtherTasksAreRefusedWithTheirReason) {
    const std::pair<const char*, const char*> cases[] = {
        {"LlamaForSequenceClassification", "classifier or reranker"},
        {"Qwen3ForSequenceClassification", "classifier or reranker"},
        {"MistralForTokenClassification", "labels each token"},
        {"Qwen2ForProcessRewardModel", "reward model"},
        {"LlamaForRewardModel", "reward model"},
        {"LlamaForScore", "reward model"},
        {"Qwen2ForQuestionAnswering", "marks an answer"},
        {"LlamaBidirectionalEmbedding", "embedder"}};
    for (const auto& [name, why] : cases) {
        const std::string text = refusal({name});
        EXPECT_NE(text.find(name), std::string::npos) << text;
        EXPECT_NE(text.find(why), std::string::npos) << text;
        EXPECT_NE(text.find("ForCausalLM"), std::string::npos) << text;
    }
}

TEST(CheckTask, ABareDecoderNeedsAHead) {
    EXPECT_NE(refusal({"Qwen2Model"}, false).find("without a head"), std::string::npos);
    EXPECT_EQ(refusal({"Qwen2Model"}, true), "");
    const Json config{{"architectures", {"LlamaModel"}}};
    EXPECT_NE(check_task(JsonObject(config, "c"), true).find("LlamaModel"), std::string::npos);
}

TEST(CheckTask, LanguageModelsPass) {
    for (const char* name :
         {"LlamaForCausalLM", "Qwen3ForCausalLM", "LlamaForCausalLMWithMore", "GPT2LMHeadModel"})
        EXPECT_EQ(refusal({name}, false), "") << name;
    EXPECT_EQ(refusal(Json::array(), false), "");
    EXPECT_EQ(refusal(nullptr, false), "");
    EXPECT_EQ(refusal({7}, false), "");
}

}  // namespace
}  // namespace ovenbird
