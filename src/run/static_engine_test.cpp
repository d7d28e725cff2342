#include "run/static_engine.hpp"

#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>
#include <openvino/op/util/variable.hpp>

#include "base/error.hpp"
#include "device/models.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr size_t kWindow = 6;

std::shared_ptr<v0::Parameter> input(const char* name, const ov::PartialShape& shape,
                                     ov::element::Type type = ov::element::i64) {
    auto parameter = std::make_shared<v0::Parameter>(type, shape);
    parameter->get_output_tensor(0).set_names({name});
    return parameter;
}

ov::Output<ov::Node> as_float(const ov::Output<ov::Node>& value) {
    return std::make_shared<v0::Convert>(value, ov::element::f32);
}

std::shared_ptr<ov::Model> with_logits(const ov::Output<ov::Node>& logits, const ov::ParameterVector& inputs,
                                       const ov::SinkVector& sinks = {}) {
    const auto result = std::make_shared<v0::Result>(logits);
    result->get_output_tensor(0).set_names({"logits"});
    return std::make_shared<ov::Model>(ov::ResultVector{result}, sinks, inputs);
}

// Logits [1, N, 3] that tell what was fed at each position: id, mask and position.
std::shared_ptr<ov::Model> echo_model(ov::element::Type type = ov::element::i64) {
    const ov::PartialShape row{1, kWindow};
    const auto ids = input("input_ids", row, type);
    const auto mask = input("attention_mask", row, type);
    const auto positions = input("position_ids", row, type);
    const auto last = v0::Constant::create(ov::element::i64, {1}, {2});
    ov::OutputVector columns;
    for (const auto& parameter : {ids, mask, positions}) {
        columns.push_back(std::make_shared<v0::Unsqueeze>(as_float(parameter), last));
    }
    return with_logits(std::make_shared<v0::Concat>(columns, 2), {ids, mask, positions});
}

// Logits [1, 1, 2]: the sum of the ids, and that of the masks, over the whole window.
std::shared_ptr<ov::Model> sum_model() {
    const ov::PartialShape row{1, kWindow};
    const auto ids = input("input_ids", row);
    const auto mask = input("attention_mask", row);
    const auto axis = v0::Constant::create(ov::element::i64, {1}, {1});
    ov::OutputVector sums;
    for (const auto& parameter : {ids, mask}) {
        const auto sum = std::make_shared<v1::ReduceSum>(as_float(parameter), axis, true);
        sums.push_back(std::make_shared<v0::Unsqueeze>(sum, axis));
    }
    return with_logits(std::make_shared<v0::Concat>(sums, 2), {ids, mask});
}

// Stateful as optimum-intel exports: every infer adds the ids to a state, logits [1, N, 1] show the state's
// sum.
std::shared_ptr<ov::Model> stateful_model() {
    const ov::PartialShape row{1, kWindow};
    const auto ids = input("input_ids", row);
    const auto beam = input("beam_idx", {1}, ov::element::i32);
    const auto variable =
        std::make_shared<util::Variable>(util::VariableInfo{row, ov::element::f32, "state"});
    const auto zeros =
        v0::Constant::create(ov::element::f32, {1, kWindow}, std::vector<float>(kWindow, 0.0F));
    const auto read = std::make_shared<v6::ReadValue>(zeros, variable);
    const auto sum = std::make_shared<v1::Add>(read, as_float(ids));
    const auto assign = std::make_shared<v6::Assign>(sum, variable);
    const auto used =
        std::make_shared<v1::Multiply>(as_float(beam), v0::Constant::create(ov::element::f32, {1}, {9.0F}));
    const auto shown = std::make_shared<v1::Add>(sum, used);
    const auto logits =
        std::make_shared<v0::Unsqueeze>(shown, v0::Constant::create(ov::element::i64, {1}, {2}));
    return with_logits(logits, {ids, beam}, {assign});
}

std::unique_ptr<StaticEngine> engine_over(const std::shared_ptr<ov::Model>& model, int64_t pad_id = 7) {
    DeviceOptions options;
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"}};
    return std::make_unique<StaticEngine>(compile_on("CPU", model, options), pad_id);
}

std::vector<float> ask(StaticEngine& engine, const std::vector<int64_t>& ids) {
    const auto logits = engine.next_logits(ids);
    return {logits.begin(), logits.end()};
}

std::string refusal(const std::shared_ptr<ov::Model>& model) {
    try {
        engine_over(model);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        return error.what();
    }
    return "";
}

TEST(StaticEngine, TakesTheLastRealRowOfAllLogits) {
    for (const auto type : {ov::element::i64, ov::element::i32}) {
        const auto engine = engine_over(echo_model(type));
        EXPECT_EQ(engine->window_tokens(), 6);
        EXPECT_EQ(engine->vocab_size(), 3);
        EXPECT_EQ(ask(*engine, {4, 5, 9}), (std::vector<float>{9, 1, 2}));
        EXPECT_EQ(ask(*engine, {4}), (std::vector<float>{4, 1, 0}));
        EXPECT_EQ(ask(*engine, {1, 2, 3, 4, 5, 6}), (std::vector<float>{6, 1, 5}));
    }
}

TEST(StaticEngine, GivesAsManyRowsAsTheGraphHas) {
    const auto rows_of = [](StaticEngine& engine, const std::vector<int64_t>& ids, int64_t rows) {
        const auto logits = engine.logits_after(ids, rows);
        return std::vector<float>(logits.begin(), logits.end());
    };
    const auto engine = engine_over(echo_model());
    EXPECT_EQ(engine->most_rows(), 6);
    EXPECT_EQ(rows_of(*engine, {4, 5, 9}, 2), (std::vector<float>{5, 1, 1, 9, 1, 2}));
    EXPECT_EQ(rows_of(*engine, {4, 5}, 2), (std::vector<float>{4, 1, 0, 5, 1, 1}));
    EXPECT_EQ(rows_of(*engine, {1, 2, 3, 4, 5, 6}, 6).size(), 18U);
    EXPECT_EQ(engine_over(sum_model())->most_rows(), 1);
}

TEST(StaticEngine, PadsOnTheRightWithThePadTokenAndMasksIt) {
    const auto engine = engine_over(sum_model(), 1);
    EXPECT_EQ(ask(*engine, {1, 2}), (std::vector<float>{7, 2}));
    // Nothing of an earlier, longer window may stay behind.
    EXPECT_EQ(ask(*engine, {1, 1, 1, 1, 1}), (std::vector<float>{6, 5}));
    EXPECT_EQ(ask(*engine, {1, 2}), (std::vector<float>{7, 2}));
    // A tokenizer's <pad> beyond the model's table.
    EXPECT_EQ(ask(*engine_over(sum_model(), 100), {1, 2}), (std::vector<float>{3, 2}));
}

TEST(StaticEngine, ResetsStateBeforeEveryStep) {
    const auto engine = engine_over(stateful_model(), 0);
    EXPECT_EQ(ask(*engine, {5, 6}), (std::vector<float>{6}));
    EXPECT_EQ(ask(*engine, {5, 6}), (std::vector<float>{6}));
    EXPECT_NE(engine->input_shapes().find("beam_idx=[1] i32"), std::string::npos) << engine->input_shapes();
}

TEST(StaticEngine, TelemetryNamesEveryInput) {
    EXPECT_EQ(
        engine_over(echo_model())->input_shapes(),
        "[DEBUG] Infer Input Shapes: input_ids=[1,6] i64, attention_mask=[1,6] i64, position_ids=[1,6] i64");
}

TEST(StaticEngine, WhatDoesNotFitIsRefusedByName) {
    const auto dynamic = input("input_ids", {1, -1});
    const auto axis = v0::Constant::create(ov::element::i64, {1}, {2});
    const auto as_logits = [&](const std::shared_ptr<v0::Parameter>& ids) {
        return std::make_shared<v0::Unsqueeze>(as_float(ids), axis);
    };
    EXPECT_NE(refusal(with_logits(as_logits(dynamic), {dynamic})).find("ovenbird bake"), std::string::npos);

    const auto ids = input("input_ids", {1, kWindow});
    const auto past = input("past_key_values.0.key", {1, 2}, ov::element::f32);
    const auto both = std::make_shared<v1::Add>(
        as_logits(ids),
        std::make_shared<v1::ReduceSum>(past, v0::Constant::create(ov::element::i64, {2}, {0, 1})));
    EXPECT_NE(refusal(with_logits(both, {ids, past})).find("past_key_values.0.key"), std::string::npos);

    const auto floats = input("input_ids", {1, kWindow}, ov::element::f32);
    EXPECT_NE(refusal(with_logits(std::make_shared<v0::Unsqueeze>(floats, axis), {floats})).find("input_ids"),
              std::string::npos);

    const auto flat = input("input_ids", {1, kWindow});
    EXPECT_NE(refusal(with_logits(as_float(flat), {flat})).find("logits"), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
