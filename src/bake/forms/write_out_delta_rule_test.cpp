#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>
#include <random>

#include "bake/forms/passes.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

struct Sizes {
    size_t heads, tokens, keys = 4, values = 6;
};

// Five inputs as delta_rule() takes them and the state; its two results.
std::shared_ptr<ov::Model> rule(const Sizes& sizes) {
    const auto [heads, tokens, keys, values] = sizes;
    ov::ParameterVector inputs;
    for (const ov::Shape& shape : {ov::Shape{1, tokens, heads, keys},
                                   {1, tokens, heads, keys},
                                   {1, tokens, heads, values},
                                   {1, tokens, heads},
                                   {1, tokens, heads},
                                   {1, heads, keys, values}})
        inputs.push_back(std::make_shared<v0::Parameter>(ov::element::f32, shape));
    const auto [answers, state] =
        delta_rule(inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5], "rule");
    return std::make_shared<ov::Model>(ov::OutputVector{answers, state}, inputs);
}

// Keys about as long as 1, decays below 0, rates between 0 and 1.
std::vector<ov::Tensor> inputs_of(const ov::Model& model) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<ov::Tensor> tensors;
    for (const auto& input : model.inputs()) {
        const size_t index = tensors.size();
        tensors.emplace_back(ov::element::f32, input.get_shape());
        std::generate_n(tensors.back().data<float>(), tensors.back().get_size(), [&] {
            const float drawn = normal(random);
            if (index == 3) return -std::abs(drawn);
            if (index == 4) return 1.0F / (1.0F + std::exp(drawn));
            return drawn * 0.5F;
        });
    }
    return tensors;
}

std::vector<ov::Tensor> results(const std::shared_ptr<ov::Model>& model) {
    auto request =
        ov::Core().compile_model(model, "CPU", {{"INFERENCE_PRECISION_HINT", "f32"}}).create_infer_request();
    const auto inputs = inputs_of(*model);
    for (size_t i = 0; i < inputs.size(); ++i)
        request.set_input_tensor(i, inputs[i]);
    request.infer();
    return {request.get_output_tensor(0), request.get_output_tensor(1)};
}

class DeltaRule : public testing::TestWithParam<Sizes> {};

TEST_P(DeltaRule, WrittenOutSaysWhatTheLoopSays) {
    const auto model = rule(GetParam());
    const auto expected = results(model);
    write_out_delta_rule(model);
    model->validate_nodes_and_infer_types();
    for (const auto& node : model->get_ordered_ops())
        EXPECT_STRNE(node->get_type_name(), "Loop");
    const auto got = results(model);
    for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(got[i].get_shape(), expected[i].get_shape());
        for (size_t k = 0; k < expected[i].get_size(); ++k)
            ASSERT_NEAR(got[i].data<float>()[k], expected[i].data<float>()[k], 1e-5) << i << ", " << k;
    }
}

std::vector<Sizes> all_sizes() {
    std::vector<Sizes> all;
    for (const size_t heads : {1, 2, 3, 4, 16})
        for (const size_t tokens : {1, 2, 8, 32, 33, 100})
            all.push_back({heads, tokens});
    return all;
}

INSTANTIATE_TEST_SUITE_P(Sizes, DeltaRule, testing::ValuesIn(all_sizes()), [](const auto& info) {
    return "heads" + std::to_string(info.param.heads) + "_tokens" + std::to_string(info.param.tokens);
});

}  // namespace
}  // namespace ovenbird
