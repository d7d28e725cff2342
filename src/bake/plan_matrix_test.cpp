#include "bake/plan_matrix.hpp"

#include <gtest/gtest.h>

#include "bake/test_checkpoint.hpp"

namespace ovenbird {
namespace {

BakeOptions small_head() {
    BakeOptions options;
    options.head_bits = 4;
    options.group_size = -1;
    options.seq_len = 8;
    return options;
}

FakeCheckpoint tied_checkpoint() {
    FakeCheckpoint checkpoint;
    checkpoint.mutable_config()["tie_word_embeddings"] = true;
    checkpoint.remove(kHeadName);
    return checkpoint;
}

const PlannedTensor* find(const BakePlan& plan, const std::string& name) {
    for (const auto& tensor : plan.tensors)
        if (tensor.source->name == name) return &tensor;
    return nullptr;
}

bool notes(const BakePlan& plan, const std::string& text) {
    return std::any_of(plan.notes.begin(), plan.notes.end(),
                       [&](const auto& note) { return note.find(text) != std::string::npos; });
}

TEST(HeadBits, AHeadOfItsOwnTakesTheLayersForm) {
    const FakeCheckpoint checkpoint;
    auto options = small_head();
    const auto eight = make_plan(checkpoint, BakeOptions());
    const auto plan = make_plan(checkpoint, options);
    EXPECT_EQ(find(plan, kHeadName)->format, (QuantFormat{4, true, 0}));
    EXPECT_EQ(find(plan, kEmbeddingName)->format, (QuantFormat{8, true, 0}));
    EXPECT_EQ(plan.int4_constants, eight.int4_constants + 1);
    EXPECT_TRUE(notes(plan, fmt::format("are {} bytes smaller each", 40 * 96 / 2)));
    options.symmetric = false;
    options.group_size = 32;
    EXPECT_EQ(find(make_plan(checkpoint, options), kHeadName)->format, (QuantFormat{4, false, 32}));
}

TEST(HeadBits, ATiedTableStaysBesideAHeadOfItsOwn) {
    const auto checkpoint = tied_checkpoint();
    const auto tied = make_plan(checkpoint, BakeOptions());
    EXPECT_EQ(find(tied, kHeadName), nullptr);
    const auto plan = make_plan(checkpoint, small_head());
    EXPECT_FALSE(plan.config.tied_embeddings);
    EXPECT_EQ(find(plan, kEmbeddingName)->format, (QuantFormat{8, true, 0}));
    const auto* const head = find(plan, kHeadName);
    ASSERT_NE(head, nullptr);
    EXPECT_EQ(head->format, (QuantFormat{4, true, 0}));
    std::vector<float> values(40 * 96);
    read_planned(*head, 0, 40, values.data());
    EXPECT_EQ(values, FakeCheckpoint().values(kEmbeddingName));
    const size_t own = 40 * 96 / 2 + 2 * 40;
    const size_t table = 40 * 96 + 2 * 40;
    EXPECT_TRUE(notes(plan, fmt::format("the folder is {} bytes larger", own)));
    EXPECT_TRUE(notes(plan, fmt::format("a token reads {} fewer", table - own)));
}

// A tied table needs a product in front of the head when it is rotated: a head of its own does not.
TEST(HeadBits, RotatedItNeedsNoMix) {
    const auto checkpoint = tied_checkpoint();
    auto options = small_head();
    options.rotate = "on";
    const auto plan = make_plan(checkpoint, options);
    EXPECT_EQ(find(plan, kHeadMixName), nullptr);
    const size_t mix = 2 * 96 * 96;
    EXPECT_TRUE(notes(plan, fmt::format("a token reads {} fewer", 40 * 96 / 2 + mix)));
    options.head_bits = 8;
    EXPECT_NE(find(make_plan(checkpoint, options), kHeadMixName), nullptr);
}

TEST(HeadBits, RowsThatTakeNoInt4StayTied) {
    const auto checkpoint = tied_checkpoint();
    BakePlan plan;
    plan.config.tied_embeddings = true;
    plan.config.vocab_size = 40;
    plan.config.hidden_size = 200;  // no multiple of 32
    EXPECT_FALSE(give_head_its_own(plan, checkpoint, small_head()));
    EXPECT_TRUE(plan.config.tied_embeddings);
    EXPECT_TRUE(notes(plan, "stays the table that it is tied to: INT8 instead of INT4 for rows of 200"));
}

TEST(HeadBits, CalibratingTakesItToo) {
    const auto checkpoint = tied_checkpoint();
    auto options = small_head();
    options.effort = "best";
    const auto plan = make_plan(checkpoint, options);
    EXPECT_TRUE(find(plan, kHeadName)->calibrated);
    EXPECT_FALSE(find(plan, kEmbeddingName)->calibrated);
    options.head_bits = 8;
    const auto tied = make_plan(checkpoint, options);
    ASSERT_TRUE(plan.calibration.has_value() && tied.calibration.has_value());
    EXPECT_GT(plan.calibration.value_or(CalibrationPlan()).disk_bytes,
              tied.calibration.value_or(CalibrationPlan()).disk_bytes);
}

TEST(HeadBits, WhatCannotBeIsRefused) {
    BakeOptions options = small_head();
    options.source = "a";
    options.output = "b";
    EXPECT_NO_THROW(validate(options));
    for (const auto change :
         {+[](BakeOptions& o) { o.head_bits = 5; }, +[](BakeOptions& o) { o.head_bits = 16; },
          +[](BakeOptions& o) { o.bits = 8; }, +[](BakeOptions& o) { o.bits = 16; },
          +[](BakeOptions& o) { o.exporter = "optimum-intel"; }}) {
        BakeOptions changed = options;
        change(changed);
        try {
            validate(changed);
            ADD_FAILURE() << "accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::usage);
            EXPECT_NE(std::string(error.what()).find("--head-bits"), std::string::npos) << error.what();
        }
    }
}

}  // namespace
}  // namespace ovenbird
