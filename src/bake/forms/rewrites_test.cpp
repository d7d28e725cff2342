#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>

#include "bake/forms/passes.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Parameter> input(const ov::Shape& shape, ov::element::Type type = ov::element::f32) {
    auto parameter = std::make_shared<v0::Parameter>(type, shape);
    parameter->get_output_tensor(0).set_names({"x"});
    return parameter;
}

std::shared_ptr<ov::Model> model_of(const ov::Output<ov::Node>& value,
                                    const std::shared_ptr<v0::Parameter>& x) {
    return std::make_shared<ov::Model>(ov::OutputVector{value}, ov::ParameterVector{x});
}

size_t count(const std::shared_ptr<ov::Model>& model, const std::string& type) {
    size_t found = 0;
    for (const auto& node : model->get_ordered_ops())
        found += node->get_type_name() == type;
    return found;
}

template <typename T>
std::vector<float> run(const std::shared_ptr<ov::Model>& model, std::vector<T> values) {
    const auto shape = model->input(0).get_shape();
    auto request =
        ov::Core().compile_model(model, "CPU", {{"INFERENCE_PRECISION_HINT", "f32"}}).create_infer_request();
    request.set_input_tensor(ov::Tensor(model->input(0).get_element_type(), shape, values.data()));
    request.infer();
    const auto output = request.get_output_tensor();
    return {output.data<float>(), output.data<float>() + output.get_size()};
}

std::vector<float> ramp(size_t count) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i)
        values[i] = 0.25F * static_cast<float>(i % 13) - 1.0F;
    return values;
}

// Asymmetric INT4 rows; `type` says how their codes are stored.
ov::Output<ov::Node> asymmetric_weights(const ov::element::Type& type, float middle) {
    std::vector<float> codes;
    for (int i = 0; i < 3 * 8; ++i)
        codes.push_back(static_cast<float>((7 * i) % 16) - 8.0F + middle);
    const auto stored = v0::Constant::create(type, {3, 8}, codes);
    const auto zeros = v0::Constant::create(type, {3, 1}, std::vector<float>{middle - 2, middle, middle + 3});
    const auto scales = v0::Constant::create(ov::element::f16, {3, 1}, {0.5F, 1.0F, 0.25F});
    const auto difference =
        std::make_shared<v1::Subtract>(std::make_shared<v0::Convert>(stored, ov::element::f16),
                                       std::make_shared<v0::Convert>(zeros, ov::element::f16));
    return std::make_shared<v0::Convert>(std::make_shared<v1::Multiply>(difference, scales),
                                         ov::element::f32);
}

class ScalarZeroPoints : public testing::TestWithParam<std::pair<ov::element::Type, float>> {};

TEST_P(ScalarZeroPoints, SameProductWithoutAZeroPointARow) {
    const auto [type, middle] = GetParam();
    const auto build = [&, type = type, middle = middle] {
        const auto x = input({1, 2, 8});
        return model_of(std::make_shared<v0::MatMul>(x, asymmetric_weights(type, middle), false, true), x);
    };
    const auto model = build();
    use_scalar_zero_points(model);
    EXPECT_EQ(count(model, "MatMul"), 2U);  // the product, and the sum as a product with ones
    for (const auto& node : model->get_ordered_ops()) {
        if (ov::is_type<v1::Subtract>(node)) {
            EXPECT_EQ(ov::shape_size(node->get_input_shape(1)), 1U);
        }
    }
    const auto expected = run(build(), ramp(16));
    const auto got = run(model, ramp(16));
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(got[i], expected[i], 1e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(All, ScalarZeroPoints,
                         testing::Values(std::pair{ov::element::i4, 0.0F}, std::pair{ov::element::u4, 8.0F},
                                         std::pair{ov::element::i8, 0.0F},
                                         std::pair{ov::element::u8, 128.0F}));

TEST(ScaleAfterGather, SameRowsFromATableThatStaysCompressed) {
    const auto build = [] {
        const auto ids = input({1, 3}, ov::element::i64);
        const auto codes =
            v0::Constant::create(ov::element::u8, {4, 2}, std::vector<float>{0, 9, 200, 3, 4, 5, 77, 255});
        const auto zeros = v0::Constant::create(ov::element::u8, {4, 1}, {128, 3, 7, 0});
        const auto scales = v0::Constant::create(ov::element::f16, {4, 1}, {0.5F, 1.0F, 2.0F, 0.25F});
        const auto table = std::make_shared<v1::Multiply>(
            std::make_shared<v1::Subtract>(std::make_shared<v0::Convert>(codes, ov::element::f16),
                                           std::make_shared<v0::Convert>(zeros, ov::element::f16)),
            scales);
        const auto rows = std::make_shared<v8::Gather>(std::make_shared<v0::Convert>(table, ov::element::f32),
                                                       ids, v0::Constant::create(ov::element::i64, {}, {0}));
        return model_of(rows, ids);
    };
    const auto model = build();
    scale_after_gather(model);
    for (const auto& node : model->get_ordered_ops()) {
        if (ov::is_type<v8::Gather>(node)) {
            EXPECT_TRUE(ov::is_type<v0::Constant>(node->get_input_node_ptr(0)));
        }
    }
    EXPECT_EQ(run<int64_t>(model, {3, 0, 1}), run<int64_t>(build(), {3, 0, 1}));
}

// A graph of two tokens, a table for five positions: a decoder's later steps come far behind its first.
TEST(LookUpRope, RowsOfAnyPositionWithoutArithmetic) {
    const auto build = [] {
        const auto ids = input({1, 2}, ov::element::i64);
        ids->get_output_tensor(0).set_names({"position_ids"});
        const auto column =
            std::make_shared<v0::Unsqueeze>(std::make_shared<v0::Convert>(ids, ov::element::f32),
                                            v0::Constant::create(ov::element::i64, {2}, {1, 3}));
        const auto angles = std::make_shared<v1::Multiply>(
            column, v0::Constant::create(ov::element::f32, {1, 1, 1, 3}, {1.0F, 0.1F, 0.01F}));
        const auto both = std::make_shared<v0::Concat>(
            ov::OutputVector{std::make_shared<v0::Cos>(angles), std::make_shared<v0::Sin>(angles)}, 3);
        return model_of(both, ids);
    };
    const auto model = build();
    look_up_rope(model, 5);
    EXPECT_EQ(count(model, "Cos") + count(model, "Sin") + count(model, "Multiply"), 0U);
    for (const std::vector<int64_t>& positions : {std::vector<int64_t>{0, 1}, {4, 2}}) {
        const auto expected = run<int64_t>(build(), positions);
        const auto got = run<int64_t>(model, positions);
        for (size_t i = 0; i < expected.size(); ++i)
            EXPECT_NEAR(got[i], expected[i], 1e-6) << i;
    }
}

TEST(SplitOffEmbedding, TheLookupLeavesAndItsRowsComeBack) {
    const auto build = [] {
        const auto ids = input({1, 3}, ov::element::i64);
        ids->get_output_tensor(0).set_names({"input_ids"});
        const auto axis = v0::Constant::create(ov::element::i64, {}, {0});
        const auto rows_of = [&](const std::shared_ptr<v0::Constant>& table) {
            return std::make_shared<v0::Convert>(std::make_shared<v8::Gather>(table, ids, axis),
                                                 ov::element::f32);
        };
        const auto codes =
            v0::Constant::create(ov::element::i8, {4, 2}, std::vector<float>{0, 9, -3, 3, 4, 5, 77, -128});
        const auto scales = v0::Constant::create(ov::element::f16, {4, 1}, {0.5F, 1.0F, 2.0F, 0.25F});
        const auto rows = std::make_shared<v1::Multiply>(rows_of(codes), rows_of(scales));
        return model_of(std::make_shared<v1::Multiply>(rows, rows), ids);  // a first norm's square
    };
    const auto layers = build();
    const auto lookup = split_off_embedding(layers);
    lookup->reshape(ov::PartialShape{1, 3});
    EXPECT_EQ(count(layers, "Gather"), 0U);
    ASSERT_EQ(layers->inputs().size(), 1U);
    EXPECT_EQ(layers->input().get_any_name(), "inputs_embeds");
    EXPECT_EQ(layers->input().get_shape(), (ov::Shape{1, 3, 2}));
    EXPECT_EQ(lookup->input().get_any_name(), "input_ids");
    EXPECT_EQ(lookup->output().get_any_name(), "inputs_embeds");
    EXPECT_EQ(run(layers, run<int64_t>(lookup, {3, 0, 2})), run<int64_t>(build(), {3, 0, 2}));
}

TEST(SplitOffEmbedding, AModelWithoutATableIsRefused) {
    const auto ids = input({1, 3}, ov::element::i64);
    ids->get_output_tensor(0).set_names({"input_ids"});
    const auto model = model_of(std::make_shared<v0::Convert>(ids, ov::element::f32), ids);
    EXPECT_THROW(split_off_embedding(model), Error);
}

TEST(SplitHeads, SameAttentionWithoutATransposeBeforeIt) {
    const auto build = [] {
        const auto x = input({1, 4, 6});
        const auto pattern = v0::Constant::create(ov::element::i64, {4}, {1, 4, 3, 2});
        const auto order = v0::Constant::create(ov::element::i64, {4}, {0, 2, 1, 3});
        const auto heads =
            std::make_shared<v1::Transpose>(std::make_shared<v1::Reshape>(x, pattern, false), order);
        const auto doubled =
            std::make_shared<v1::Multiply>(heads, v0::Constant::create(ov::element::f32, {}, {2.0F}));
        const auto mixed = std::make_shared<v13::ScaledDotProductAttention>(heads, doubled, heads, true);
        return model_of(std::make_shared<v1::Transpose>(mixed, order), x);
    };
    const auto model = build();
    split_heads(model);
    model->validate_nodes_and_infer_types();
    EXPECT_EQ(count(model, "Transpose"), 1U);  // the harmless one after attention
    EXPECT_EQ(count(model, "Split"), 1U);
    const auto expected = run(build(), ramp(24));
    const auto got = run(model, ramp(24));
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(got[i], expected[i], 1e-5) << i;
}

TEST(BoundConstants, InfinitiesBecomeTheLargestHalf) {
    const auto x = input({2});
    const float infinite = std::numeric_limits<float>::infinity();
    const auto mask = v0::Constant::create(ov::element::f32, {2}, {-infinite, 1.0F});
    const auto model = model_of(std::make_shared<v1::Add>(x, mask), x);
    bound_constants(model);
    EXPECT_EQ(run<float>(model, {4.0F, 4.0F}), (std::vector<float>{-65500.0F, 5.0F}));
}

TEST(UniqueNames, EachNodeHasItsOwn) {
    const auto x = input({2});
    x->set_friendly_name("same");
    const auto other = std::make_shared<v0::Relu>(x);
    other->set_friendly_name("same");
    const auto model = model_of(other, x);
    unique_names(model);
    EXPECT_EQ(x->get_friendly_name(), "same");
    EXPECT_EQ(other->get_friendly_name(), "same#2");
}

// A cache in the usual stateful form: ReadValue, Concat with what is new, Assign.
TEST(DropCache, AStateStartsFromNoTokens) {
    const auto x = input({1, 3, 2});
    const auto variable = std::make_shared<ov::op::util::Variable>(
        ov::op::util::VariableInfo{{-1, -1, 2}, ov::element::f32, "cache"});
    const auto past = std::make_shared<v6::ReadValue>(variable);
    const auto all = std::make_shared<v0::Concat>(ov::OutputVector{past, x}, 1);
    const auto assign = std::make_shared<v6::Assign>(all, variable);
    const auto result = std::make_shared<v0::Result>(std::make_shared<v0::Relu>(all));
    const auto model =
        std::make_shared<ov::Model>(ov::ResultVector{result}, ov::SinkVector{assign}, ov::ParameterVector{x});
    drop_cache(model);
    model->validate_nodes_and_infer_types();
    drop_empty_parts(model);
    model->validate_nodes_and_infer_types();
    EXPECT_EQ(count(model, "ReadValue") + count(model, "Assign") + count(model, "Concat"), 0U);
    EXPECT_EQ(model->output(0).get_shape(), (ov::Shape{1, 3, 2}));
}

}  // namespace
}  // namespace ovenbird
