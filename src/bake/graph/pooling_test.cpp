#include "bake/graph/pooling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>

#include "bake/graph/mask.hpp"

namespace ovenbird {
namespace {

using Parameter = ov::op::v0::Parameter;

std::vector<float> computed(const Value& output, const ov::ParameterVector& inputs,
                            const std::vector<ov::Tensor>& values) {
    const auto model = std::make_shared<ov::Model>(ov::OutputVector{output}, inputs);
    ov::Core core;
    auto request =
        core.compile_model(model, "CPU", {{"INFERENCE_PRECISION_HINT", "f32"}}).create_infer_request();
    for (size_t i = 0; i < values.size(); ++i)
        request.set_input_tensor(i, values[i]);
    request.infer();
    const ov::Tensor tensor = request.get_output_tensor();
    return {tensor.data<float>(), tensor.data<float>() + tensor.get_size()};
}

template <typename T>
ov::Tensor tensor_of(ov::element::Type type, const ov::Shape& shape, std::vector<T> values) {
    ov::Tensor tensor(type, shape);
    std::copy(values.begin(), values.end(), tensor.data<T>());
    return tensor;
}

// Rows of two columns, one row for each entry of the mask.
std::vector<float> pool(Pooling pooling, std::vector<float> rows, std::vector<int64_t> mask) {
    const size_t tokens = mask.size();
    const auto row_input = std::make_shared<Parameter>(ov::element::f32, ov::PartialShape{1, -1, 2});
    const auto mask_input = std::make_shared<Parameter>(ov::element::i64, ov::PartialShape{1, -1});
    return computed(pooled(row_input, mask_input, pooling), {row_input, mask_input},
                    {tensor_of(ov::element::f32, {1, tokens, 2}, std::move(rows)),
                     tensor_of(ov::element::i64, {1, tokens}, std::move(mask))});
}

TEST(Pooled, RealRowsAloneCount) {
    // The last row is padding, with values that would show.
    const std::vector<float> rows{1, -5, 3, -7, 5, -3, 900, 900};
    const std::vector<int64_t> mask{1, 1, 1, 0};
    EXPECT_EQ(pool(Pooling::cls, rows, mask), (std::vector<float>{1, -5}));
    EXPECT_EQ(pool(Pooling::last_token, rows, mask), (std::vector<float>{5, -3}));
    EXPECT_EQ(pool(Pooling::max, rows, mask), (std::vector<float>{5, -3}));
    const auto mean = pool(Pooling::mean, rows, mask);
    EXPECT_NEAR(mean[0], 3, 1e-5);
    EXPECT_NEAR(mean[1], -5, 1e-5);
    const auto root = pool(Pooling::mean_sqrt_len, rows, mask);
    EXPECT_NEAR(root[0], 9 / std::sqrt(3.0), 1e-5);
    EXPECT_NEAR(root[1], -15 / std::sqrt(3.0), 1e-5);
}

TEST(Pooled, OneRowIsItself) {
    for (const Pooling pooling :
         {Pooling::cls, Pooling::last_token, Pooling::mean, Pooling::mean_sqrt_len, Pooling::max})
        EXPECT_EQ(pool(pooling, {-2, 4, 7, 7}, {1, 0}), (std::vector<float>{-2, 4})) << pooling_name(pooling);
}

std::vector<float> unit(std::vector<float> values) {
    const auto input = std::make_shared<Parameter>(ov::element::f32, ov::PartialShape{1, -1});
    const size_t count = values.size();
    return computed(normalized(input), {input}, {tensor_of(ov::element::f32, {1, count}, std::move(values))});
}

TEST(Normalized, IsOneLongWhateverItsSize) {
    for (const float scale : {1.0F, 1000.0F, 1e-4F}) {
        const auto values = unit({3 * scale, 0, -4 * scale});
        EXPECT_NEAR(values[0], 0.6, 1e-5) << scale;
        EXPECT_NEAR(values[2], -0.8, 1e-5) << scale;
    }
    for (const float value : unit({0, 0, 0}))
        EXPECT_EQ(value, 0);
}

// '.' where a token may look, '#' elsewhere, a row for each token.
std::string seen(const std::vector<int64_t>& mask, int64_t window) {
    const auto input = std::make_shared<Parameter>(ov::element::i64, ov::PartialShape{1, -1});
    std::string text;
    for (const float value : computed(two_way_mask(input, window), {input},
                                      {tensor_of(ov::element::i64, {1, mask.size()}, mask)}))
        text += value == 0 ? '.' : value == kMasked ? '#' : '?';
    return text;
}

TEST(TwoWayMask, AllRealTokensAreSeenFromBothSides) {
    const std::string all = seen({1, 1, 1, 0}, 0);
    ASSERT_EQ(all.size() % 4, 0U);  // one row may stand for all
    for (size_t row = 0; row < all.size(); row += 4)
        EXPECT_EQ(all.substr(row, 4), "...#");
}

TEST(TwoWayMask, AWindowReachesBothWays) {
    EXPECT_EQ(seen({1, 1, 1, 1, 0}, 2),
              "..###"
              "...##"
              "#...#"
              "##..#"
              "###.#");
}

}  // namespace
}  // namespace ovenbird
