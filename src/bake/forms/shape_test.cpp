#include "bake/forms/passes.hpp"

#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>

#include "bake/forms/shape.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Parameter> token_input(const char* name, ov::element::Type type = ov::element::i64) {
    auto input = std::make_shared<v0::Parameter>(type, ov::PartialShape{-1, -1});
    input->get_output_tensor(0).set_names({name});
    input->set_friendly_name(name);
    return input;
}

// A toy decoder: an INT8 table looked up, its rows' index added through shape arithmetic, and a head.
struct Toy {
    std::shared_ptr<v0::Parameter> ids = token_input("input_ids");
    std::shared_ptr<v0::Parameter> mask = token_input("attention_mask");
    std::shared_ptr<ov::Model> model;

    Toy() {
        std::vector<int8_t> bytes(8 * 4);
        for (size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<int8_t>(i);
        const auto table = v0::Constant::create(ov::element::i8, {8, 4}, bytes);
        const auto weights = std::make_shared<v0::Convert>(table, ov::element::f32);
        const auto zero = v0::Constant::create(ov::element::i64, {}, {0});
        const auto hidden = std::make_shared<v8::Gather>(weights, ids, zero);
        const auto shape = std::make_shared<v3::ShapeOf>(ids);
        const auto one = v0::Constant::create(ov::element::i64, {}, {1});
        const auto length = std::make_shared<v8::Gather>(shape, one, zero);
        const auto range = std::make_shared<v4::Range>(zero, length, one, ov::element::f32);
        const auto column =
            std::make_shared<v0::Unsqueeze>(range, v0::Constant::create(ov::element::i64, {1}, {1}));
        const auto shifted = std::make_shared<v1::Add>(hidden, column);
        const auto logits = std::make_shared<v0::MatMul>(shifted, weights, false, true);
        const auto result = std::make_shared<v0::Result>(logits);
        result->get_output_tensor(0).set_names({"logits"});
        model = std::make_shared<ov::Model>(ov::ResultVector{result}, ov::ParameterVector{ids, mask});
    }
};

size_t count_type(const std::shared_ptr<ov::Model>& model, const std::string& type) {
    size_t count = 0;
    for (const auto& node : model->get_ordered_ops())
        count += node->get_type_name() == type;
    return count;
}

ov::Tensor run(const std::shared_ptr<ov::Model>& model, const std::vector<int64_t>& ids,
               const std::vector<int64_t>& mask) {
    auto compiled = ov::Core().compile_model(model, "CPU", {{"INFERENCE_PRECISION_HINT", "f32"}});
    auto request = compiled.create_infer_request();
    const ov::Shape shape{1, ids.size()};
    request.set_tensor("input_ids", ov::Tensor(ov::element::i64, shape, const_cast<int64_t*>(ids.data())));
    request.set_tensor("attention_mask",
                       ov::Tensor(ov::element::i64, shape, const_cast<int64_t*>(mask.data())));
    request.infer();
    ov::Tensor copy(ov::element::f32, request.get_output_tensor().get_shape());
    request.get_output_tensor().copy_to(copy);
    return copy;
}

TEST(ShapeWindow, DynamicToyHasViolationsThatNameTheInput) {
    const Toy toy;
    const auto violations = find_violations(toy.model);
    ASSERT_FALSE(violations.empty());
    bool traced = false;
    for (const auto& violation : violations)
        traced = traced || violation.text.find("'input_ids'") != std::string::npos;
    EXPECT_TRUE(traced);
}

TEST(ShapeWindow, StaticToyIsSoundAndKeepsItsInt8Table) {
    Toy toy;
    toy.model = shape_window(toy.model, 6, false);
    EXPECT_TRUE(find_violations(toy.model).empty());
    EXPECT_EQ(count_type(toy.model, "ShapeOf"), 0U);
    EXPECT_EQ(count_type(toy.model, "Range"), 0U);
    EXPECT_GE(count_compressed(toy.model).int8_constants, 1U);
    EXPECT_EQ(toy.model->output("logits").get_shape(), (ov::Shape{1, 1, 8}));
}

TEST(ShapeWindow, LastRealRowEqualsThatRowOfAllLogits) {
    const std::vector<int64_t> ids{3, 1, 4, 1, 0, 0};
    const std::vector<int64_t> mask{1, 1, 1, 1, 0, 0};
    const Toy toy;
    const ov::Tensor every = run(shape_window(toy.model, 6, true), ids, mask);
    const ov::Tensor one = run(shape_window(toy.model, 6, false), ids, mask);
    ASSERT_EQ(every.get_shape(), (ov::Shape{1, 6, 8}));
    for (size_t v = 0; v < 8; ++v)
        EXPECT_FLOAT_EQ(one.data<float>()[v], every.data<float>()[3 * 8 + v]);
}

TEST(ShapeWindow, DataThatWouldGrowIsNotFolded) {
    const auto ids = token_input("input_ids");
    const auto wide =
        std::make_shared<v3::Broadcast>(v0::Constant::create(ov::element::f32, {1}, {1.0F}),
                                        v0::Constant::create(ov::element::i64, {2}, {300, 300}));
    const auto sum =
        std::make_shared<v1::ReduceSum>(wide, v0::Constant::create(ov::element::i64, {2}, {0, 1}));
    const auto shifted = std::make_shared<v1::Add>(std::make_shared<v0::Convert>(ids, ov::element::f32), sum);
    const auto model = std::make_shared<ov::Model>(ov::OutputVector{shifted}, ov::ParameterVector{ids});
    reshape_inputs(model, 4, 0);
    settle_shapes(model);
    EXPECT_EQ(count_type(model, "Broadcast"), 1U);
}

TEST(ShapeWindow, UnknownInputIsRefusedByName) {
    const auto cache = token_input("past_key_values.0.key");
    const auto model = std::make_shared<ov::Model>(ov::OutputVector{std::make_shared<v0::Relu>(cache)},
                                                   ov::ParameterVector{cache});
    try {
        reshape_inputs(model, 4, 0);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_NE(std::string(error.what()).find("past_key_values.0.key"), std::string::npos);
    }
}

TEST(Verify, WrongInputTypesAreNamed) {
    const auto ids = token_input("input_ids", ov::element::i32);
    const auto beam = std::make_shared<v0::Parameter>(ov::element::i64, ov::PartialShape{1});
    beam->get_output_tensor(0).set_names({"beam_idx"});
    const auto model = std::make_shared<ov::Model>(
        ov::OutputVector{std::make_shared<v0::Relu>(ids), std::make_shared<v0::Relu>(beam)},
        ov::ParameterVector{ids, beam});
    reshape_inputs(model, 4, 0);
    const auto violations = find_violations(model);
    ASSERT_EQ(violations.size(), 2U);
    EXPECT_NE(violations[0].text.find("i32, expected i64"), std::string::npos);
    EXPECT_NE(violations[1].text.find("i64, expected i32"), std::string::npos);
}

TEST(Verify, ShapeThatDependsOnDataIsFound) {
    const auto ids = token_input("input_ids");
    const auto positions = std::make_shared<v3::NonZero>(ids);
    const auto model = std::make_shared<ov::Model>(ov::OutputVector{positions}, ov::ParameterVector{ids});
    reshape_inputs(model, 4, 0);
    bool found = false;
    for (const auto& violation : find_violations(model)) {
        found = found || violation.text.find("NonZero") != std::string::npos;
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace ovenbird
