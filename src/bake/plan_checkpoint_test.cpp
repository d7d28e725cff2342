#include "bake/plan_checkpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bake/test_checkpoint.hpp"

namespace ovenbird {
namespace {

bool tells(const std::vector<std::string>& notes, const std::string& words) {
    return std::any_of(notes.begin(), notes.end(),
                       [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

void expect_refused(const FakeCheckpoint& checkpoint, const std::vector<std::string>& words) {
    const std::string text = refusal(checkpoint);
    for (const auto& word : words)
        EXPECT_NE(text.find(word), std::string::npos) << word << " is not in: " << text;
}

const PlannedTensor* planned(const BakePlan& plan, const std::string& name) {
    for (const auto& tensor : plan.tensors)
        if (tensor.source->name == name) return &tensor;
    return nullptr;
}

TEST(Head, OnlyTheHeadOfATiedModelIsBothTables) {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["tie_word_embeddings"] = true;
    checkpoint.remove(kEmbeddingName);
    const BakePlan plan = make_plan(checkpoint, BakeOptions{});
    ASSERT_NE(planned(plan, kEmbeddingName), nullptr);
    EXPECT_EQ(planned(plan, kEmbeddingName)->source->bytes.data(),
              checkpoint.tensors().at(kHeadName).bytes.data());
    EXPECT_EQ(planned(plan, kHeadName), nullptr);
    EXPECT_TRUE(plan.config.tied_embeddings);
    EXPECT_TRUE(tells(plan.notes, "the head is the table of both"));
    checkpoint.mutable_config()["tie_word_embeddings"] = false;
    expect_refused(checkpoint, {kEmbeddingName, "missing"});
}

TEST(Head, TablesThatDifferAreNotTied) {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["tie_word_embeddings"] = true;
    const BakePlan same = make_plan(checkpoint, BakeOptions{});
    EXPECT_TRUE(same.config.tied_embeddings);
    EXPECT_TRUE(tells(same.notes, "stored twice"));
    checkpoint.values(kHeadName).back() += 1;
    const BakePlan other = make_plan(checkpoint, BakeOptions{});
    EXPECT_FALSE(other.config.tied_embeddings);
    EXPECT_NE(planned(other, kHeadName), nullptr);
    EXPECT_TRUE(tells(other.notes, "both are stored and differ"));
}

TEST(Quantization, ALeftOverConfigurationIsANote) {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["quantization_config"] = {{"quant_method", "fp8"}};
    const BakePlan plan = make_plan(checkpoint, BakeOptions{});
    EXPECT_TRUE(tells(plan.notes, "quantization_config (method fp8) is left over"));
}

TEST(Quantization, CompressedWeightsAreRefusedWithMethodAndFirstTensor) {
    const std::string query = "model.layers.0.self_attn.q_proj";
    FakeCheckpoint gptq;
    gptq.remove(query + ".weight");
    gptq.add_unusable(query + ".qweight", "has type I32, …");
    expect_refused(gptq, {"already quantised", query + ".weight is missing", query + ".qweight"});
    gptq.mutable_config()["quantization_config"] = {{"quant_method", "gptq"}};
    expect_refused(gptq, {"already quantised", "method gptq", query + ".qweight", "has type I32"});

    FakeCheckpoint fp8;
    fp8.mutable_config()["quantization_config"] = {{"quant_method", "fp8"}};
    fp8.remove(query + ".weight");
    fp8.add_unusable(query + ".weight", "has type F8_E4M3, …");
    expect_refused(fp8, {"method fp8", query + ".weight", "F8_E4M3"});

    FakeCheckpoint scaled;  // floating codes, but with a scale of their own
    scaled.mutable_config()["quantization_config"] = {{"quant_method", "x"}};
    scaled.add(query + ".weight_scale", {96});
    expect_refused(scaled, {"method x", query + ".weight_scale"});

    FakeCheckpoint nf4;
    nf4.mutable_config()["quantization_config"] = {{"quant_method", "bitsandbytes"}};
    nf4.add(query + ".weight.absmax", {96});
    expect_refused(nf4, {"method bitsandbytes", query + ".weight.absmax"});
}

TEST(Tensors, WhatNobodyNeedsMayHaveAnyType) {
    FakeCheckpoint checkpoint;
    checkpoint.add_unusable("model.embeddings.position_ids", "has type I64, …");
    checkpoint.add_unusable("model.layers.0.self_attn.rotary_emb.inv_freq", "has shape [], …");
    auto options = BakeOptions{};
    options.seq_len = 32;
    EXPECT_TRUE(make_plan(checkpoint, options).warnings.empty());
    checkpoint.add_unusable("vision.conv", "has shape [1, 1, 1], …");
    EXPECT_TRUE(tells(make_plan(checkpoint, options).warnings, "1 tensors"));
}

TEST(Tensors, WhatIsNeededAndOfNoUseSaysWhy) {
    FakeCheckpoint checkpoint;
    checkpoint.remove(kFinalNormName);
    checkpoint.add_unusable(kFinalNormName, "has no elements (shape [0]), …");
    expect_refused(checkpoint, {"the tensor model.norm.weight has no elements (shape [0])"});
}

TEST(Tensors, AModelInsideOfAnotherIsNamed) {
    FakeCheckpoint checkpoint;
    checkpoint.remove(kFinalNormName);
    checkpoint.add("language_model.model.norm.weight", {96});
    expect_refused(checkpoint, {"model.norm.weight is missing", "language_model.model.norm.weight instead"});
}

TEST(Task, IsCheckedBeforeTheWeights) {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["architectures"] = {"LlamaForSequenceClassification"};
    checkpoint.remove(kHeadName);
    expect_refused(checkpoint, {"LlamaForSequenceClassification", "reranker"});
    checkpoint.mutable_config()["architectures"] = {"LlamaModel"};
    checkpoint.mutable_config()["tie_word_embeddings"] = true;
    expect_refused(checkpoint, {"LlamaModel", "without a head"});
}

Json longrope(size_t pairs) {
    return {{"rope_type", "longrope"},
            {"original_max_position_embeddings", 48},
            {"short_factor", std::vector<double>(pairs, 1.0)},
            {"long_factor", std::vector<double>(pairs, 3.0)}};
}

TEST(Rope, TheLongestSequenceThatIsBakedChooses) {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["rope_scaling"] = longrope(16);
    BakeOptions options;
    options.seq_len = 48;
    const BakePlan brief = make_plan(checkpoint, options);
    EXPECT_EQ(brief.config.rope.sequence, 48);
    EXPECT_TRUE(tells(brief.notes, "the short factors"));
    options.seq_len = 49;
    EXPECT_TRUE(tells(make_plan(checkpoint, options).notes, "the long factors"));
    checkpoint.mutable_config()["max_position_embeddings"] = 4096;
    options.seq_len = 32;
    const BakePlan plan = make_plan(checkpoint, options);
    EXPECT_EQ(plan.config.rope.sequence, 1024) << "the graphs with a cache hold more than the window";
    EXPECT_TRUE(tells(plan.notes, "the long factors"));
}

TEST(Rope, AStretchedModelHasTheContextItIsStretchedTo) {
    FakeCheckpoint checkpoint;  // of 64 positions
    BakeOptions options;
    options.context = 512;
    EXPECT_EQ(make_plan(checkpoint, options).forms.context, 0);
    for (const char* type : {"dynamic", "yarn"}) {
        checkpoint.mutable_config()["rope_scaling"] = {{"type", type}, {"factor", 6.0}};
        const BakePlan plan = make_plan(checkpoint, options);
        EXPECT_EQ(plan.forms.context, 384) << type;
        EXPECT_TRUE(plan.warnings.empty()) << plan.warnings.front();
    }
}

TEST(Rope, FactorsOfAGgufFileAreTheTensorThatTheContextAsksFor) {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["rope_scaling"] = {{"rope_type", "gguf_longrope"},
                                                   {"original_max_position_embeddings", 48}};
    checkpoint.add(kShortRopeFactorsName, {16});
    checkpoint.add(kLongRopeFactorsName, {16});
    BakeOptions options;
    options.seq_len = 48;
    const BakePlan brief = make_plan(checkpoint, options);
    EXPECT_NE(planned(brief, kShortRopeFactorsName), nullptr);
    EXPECT_EQ(planned(brief, kLongRopeFactorsName), nullptr);
    EXPECT_TRUE(brief.warnings.empty());
    options.seq_len = 64;
    EXPECT_NE(planned(make_plan(checkpoint, options), kLongRopeFactorsName), nullptr);
}

}  // namespace
}  // namespace ovenbird
