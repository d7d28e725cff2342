#include "bake/plan.hpp"

#include <gtest/gtest.h>

#include "bake/test_checkpoint.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

TEST(CacheGraphs, ThreeForEachBucketUpToTheContextItself) {
    const auto graphs = plan_whole_steps(1000);
    ASSERT_EQ(graphs.size(), 9U);
    std::vector<int64_t> contexts;
    for (const auto& graph : graphs)
        contexts.push_back(graph.past + 1);
    EXPECT_EQ(contexts, (std::vector<int64_t>{256, 256, 256, 512, 512, 512, 1000, 1000, 1000}));
    EXPECT_EQ(graphs[0].name, "decode_256");
    EXPECT_EQ(graphs[0].tokens, 1);
    EXPECT_EQ(plan_whole_steps(256).size(), 3U);
}

TEST(PlanForms, EachPlatformOnceInTheOrderGiven) {
    BakeOptions options;
    options.npu_platforms = {4000, 3720, 4000};
    const auto plan = plan_forms(options, 4096, true);
    EXPECT_EQ(plan.platforms, (std::vector<int>{4000, 3720}));
    EXPECT_EQ(plan.compiled, Form::folded);
    EXPECT_EQ(plan_forms(options, 4096, false).compiled, Form::window);
}

TEST(PlanForms, ADecoderWithoutACacheHasAWindowOnly) {
    const BakeOptions options;
    EXPECT_EQ(plan_forms(options, 4096, false).forms.size(), 1U);
    const auto plan = plan_forms(options, 4096, true);
    for (const auto form : {Form::window, Form::dynamic, Form::whole, Form::folded})
        EXPECT_TRUE(plan.has(form));
}

TEST(CacheGraphs, ContextIsNoLongerThanTheModels) {
    BakeOptions options;
    EXPECT_EQ(cache_context(options, 700), 700);
    EXPECT_EQ(cache_context(options, 64), 0);
    options.context = 0;
    EXPECT_EQ(cache_context(options, 4096), 0);
}

BakeOptions options_with(int bits, int64_t group_size) {
    BakeOptions options;
    options.bits = bits;
    options.group_size = group_size;
    return options;
}

const PlannedTensor& find(const BakePlan& plan, const std::string& name) {
    for (const auto& tensor : plan.tensors) {
        if (tensor.source->name == name) return tensor;
    }
    throw std::out_of_range(name);
}

TEST(Plan, PlacesAreAlignedAndDoNotOverlap) {
    const FakeCheckpoint checkpoint;
    auto options = options_with(4, 32);
    options.symmetric = false;
    const BakePlan plan = make_plan(checkpoint, options);
    std::map<uint64_t, uint64_t> ranges;
    for (const auto& tensor : plan.tensors) {
        for (const auto* range : {&tensor.weights, &tensor.scales, &tensor.zero_points}) {
            if (range->bytes == 0) continue;
            EXPECT_EQ(range->offset % 64, 0U);
            EXPECT_TRUE(ranges.emplace(range->offset, range->bytes).second);
        }
    }
    uint64_t end = 0;
    for (const auto& [offset, bytes] : ranges) {
        EXPECT_GE(offset, end);
        end = offset + bytes;
    }
    EXPECT_LE(end, plan.tensor_bytes);
    EXPECT_LT(plan.tensor_bytes, plan.weights_file_bytes);
}

TEST(Plan, JointProjectionsLieBehindEachOther) {
    const FakeCheckpoint checkpoint;
    auto options = options_with(4, 32);
    options.symmetric = false;
    const BakePlan plan = make_plan(checkpoint, options);
    const auto& query = find(plan, "model.layers.1.self_attn.q_proj.weight");
    const auto& key = find(plan, "model.layers.1.self_attn.k_proj.weight");
    const auto& value = find(plan, "model.layers.1.self_attn.v_proj.weight");
    EXPECT_EQ(key.weights.offset, query.weights.offset + query.weights.bytes);
    EXPECT_EQ(value.weights.offset, key.weights.offset + key.weights.bytes);
    EXPECT_EQ(key.scales.offset, query.scales.offset + query.scales.bytes);
    const auto& gate = find(plan, "model.layers.0.mlp.gate_proj.weight");
    const auto& up = find(plan, "model.layers.0.mlp.up_proj.weight");
    EXPECT_EQ(up.weights.offset, gate.weights.offset + gate.weights.bytes);
    EXPECT_EQ(up.scales.offset, gate.scales.offset + gate.scales.bytes);
    EXPECT_GT(up.zero_points.offset, gate.zero_points.offset);
}

TEST(Plan, GroupThatDoesNotDivideFallsBackAndSaysSo) {
    const FakeCheckpoint checkpoint;
    const BakePlan plan = make_plan(checkpoint, options_with(4, 128));
    EXPECT_EQ(find(plan, "model.layers.0.self_attn.q_proj.weight").format.group_size, 32);
    EXPECT_EQ(find(plan, "model.layers.0.mlp.down_proj.weight").format.group_size, 64);
    ASSERT_FALSE(plan.notes.empty());
    EXPECT_NE(plan.notes[0].find("instead of 128"), std::string::npos) << plan.notes[0];
}

TEST(Plan, EmbeddingAndHeadTakeInt8AndVectorsF32) {
    const FakeCheckpoint checkpoint;
    const BakePlan plan = make_plan(checkpoint, options_with(4, -1));
    for (const char* name : {kEmbeddingName, kHeadName}) {
        EXPECT_EQ(find(plan, name).format, (QuantFormat{8, true, 0}));
    }
    EXPECT_EQ(find(plan, kFinalNormName).store, Store::f32);
    EXPECT_EQ(store_name(find(plan, "model.layers.1.mlp.up_proj.weight")), "int4 sym, per channel");
}

TEST(Plan, Sixteen) {
    const FakeCheckpoint checkpoint;
    const BakePlan plan = make_plan(checkpoint, options_with(16, 128));
    EXPECT_EQ(find(plan, kEmbeddingName).store, Store::f16);
    EXPECT_EQ(find(plan, "model.layers.0.mlp.up_proj.weight").weights.bytes, 192U * 96U * 2U);
}

TEST(Plan, RatioKeepsTheMostSensitiveInInt8) {
    FakeCheckpoint checkpoint;
    // One large value a row makes every other one round to zero: the worst case for INT4.
    auto& values = checkpoint.values("model.layers.1.mlp.gate_proj.weight");
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = i % 96 == 0 ? 30.0F : 1.0F;
    auto options = options_with(4, -1);
    options.ratio = 0.9;
    const BakePlan plan = make_plan(checkpoint, options);
    EXPECT_EQ(find(plan, "model.layers.1.mlp.gate_proj.weight").format.bits, 8);
    int64_t in_four = 0;
    int64_t all = 0;
    for (const auto& tensor : plan.tensors) {
        if (tensor.role != TensorRole::linear) continue;
        all += tensor.rows * tensor.columns;
        if (tensor.format.bits == 4) in_four += tensor.rows * tensor.columns;
    }
    EXPECT_LE(in_four, 0.9 * static_cast<double>(all));
    EXPECT_GT(in_four, 0.5 * static_cast<double>(all));
    options.ratio = 0.0;
    for (const auto& tensor : make_plan(checkpoint, options).tensors)
        EXPECT_NE(tensor.format.bits * (tensor.role == TensorRole::linear), 4);
}

TEST(Plan, ConfigurationThatContradictsTheWeights) {
    FakeCheckpoint checkpoint;
    checkpoint.add("model.layers.0.self_attn.k_proj.weight", {64, 96});
    const auto text = refusal(checkpoint);
    EXPECT_NE(text.find("model.layers.0.self_attn.k_proj.weight"), std::string::npos) << text;
    EXPECT_NE(text.find("[32, 96]"), std::string::npos) << text;
    EXPECT_NE(text.find("[64, 96]"), std::string::npos) << text;
}

TEST(Plan, MissingTensorsAreNamed) {
    FakeCheckpoint checkpoint;
    checkpoint.remove("model.layers.1.mlp.up_proj.weight");
    EXPECT_NE(refusal(checkpoint).find("model.layers.1.mlp.up_proj.weight"), std::string::npos);
    FakeCheckpoint headless;
    headless.remove(kHeadName);
    EXPECT_NE(refusal(headless).find("tie_word_embeddings"), std::string::npos);
    headless.mutable_config()["tie_word_embeddings"] = true;
    EXPECT_EQ(refusal(headless), "");
}

TEST(Plan, TensorsThatNobodyUsesAreWarnedOf) {
    FakeCheckpoint checkpoint;
    checkpoint.add("model.layers.0.self_attn.q_proj.bias", {96});
    checkpoint.add("model.layers.0.self_attn.rotary_emb.inv_freq", {16});
    const BakePlan plan = make_plan(checkpoint, BakeOptions{});
    ASSERT_EQ(plan.warnings.size(), 2U);  // the other: --seq-len 128 against 64 positions
    EXPECT_NE(plan.warnings[1].find("q_proj.bias"), std::string::npos);
    EXPECT_NE(plan.warnings[1].find("1 tensors"), std::string::npos);
}

TEST(Plan, TextAndJsonTellEveryTensor) {
    const FakeCheckpoint checkpoint;
    const BakePlan plan = make_plan(checkpoint, BakeOptions{});
    const auto text = plan_text(plan);
    for (const auto& tensor : plan.tensors)
        EXPECT_NE(text.find(tensor.source->name), std::string::npos);
    EXPECT_EQ(plan_json(plan)["tensors"].size(), plan.tensors.size());
    EXPECT_EQ(plan_json(plan)["weights_file_bytes"], plan.weights_file_bytes);
}

TEST(BakeOptions, ImpossibleOnesAreUsageErrors) {
    BakeOptions options;
    options.source = "a";
    options.output = "b";
    EXPECT_NO_THROW(validate(options));
    for (auto change : {+[](BakeOptions& o) { o.bits = 5; }, +[](BakeOptions& o) { o.group_size = 7; },
                        +[](BakeOptions& o) { o.group_size = 0; }, +[](BakeOptions& o) { o.ratio = 1.5; },
                        +[](BakeOptions& o) { o.seq_len = 0; }, +[](BakeOptions& o) { o.output.clear(); }}) {
        BakeOptions changed = options;
        change(changed);
        try {
            validate(changed);
            ADD_FAILURE() << "accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::usage);
        }
    }
}

}  // namespace
}  // namespace ovenbird
