#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>
#include <set>

#include "bake/graph/inventory.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

TEST(InverseFrequencies, DefaultIsThetaToTheMinusTwoIOverD) {
    RopeConfig rope;
    rope.theta = 100.0;
    const auto frequencies = inverse_frequencies(rope, 4, nullptr);
    ASSERT_EQ(frequencies.size(), 2U);
    EXPECT_FLOAT_EQ(frequencies[0], 1.0F);
    EXPECT_FLOAT_EQ(frequencies[1], 0.1F);
}

TEST(InverseFrequencies, LinearDividesAndFactorsDivideEach) {
    RopeConfig rope;
    rope.scaling = RopeConfig::Scaling::linear;
    rope.factor = 4.0;
    EXPECT_FLOAT_EQ(inverse_frequencies(rope, 4, nullptr)[0], 0.25F);
    rope.scaling = RopeConfig::Scaling::factors;
    const float factors[] = {1.0F, 2.0F};
    EXPECT_FLOAT_EQ(inverse_frequencies(rope, 4, factors)[0], 1.0F);
    EXPECT_FLOAT_EQ(inverse_frequencies(rope, 4, factors)[1], 0.005F);
}

TEST(InverseFrequencies, Llama3KeepsShortWavesAndDividesLongOnes) {
    RopeConfig rope;
    rope.theta = 500000.0;
    const auto plain = inverse_frequencies(rope, 128, nullptr);
    rope.scaling = RopeConfig::Scaling::llama3;
    rope.factor = 8.0;
    rope.original_context = 8192;
    const auto scaled = inverse_frequencies(rope, 128, nullptr);
    EXPECT_FLOAT_EQ(scaled.front(), plain.front());
    EXPECT_FLOAT_EQ(scaled.back(), plain.back() / 8.0F);
    for (size_t i = 0; i < plain.size(); ++i) {
        EXPECT_LE(scaled[i], plain[i]);
        EXPECT_GE(scaled[i], plain[i] / 8.0F * 0.999F);
    }
}

TEST(Inventory, NamesAreUniqueAndFollowTheFeatures) {
    ModelConfig config;
    config.hidden_size = 8;
    config.intermediate_size = 16;
    config.heads = 4;
    config.kv_heads = 2;
    config.head_size = 6;
    config.vocab_size = 10;
    config.layers.resize(2);
    const auto names = [](const ModelConfig& model) {
        std::set<std::string> set;
        for (const auto& tensor : required_tensors(model))
            EXPECT_TRUE(set.insert(tensor.name).second) << tensor.name;
        return set;
    };
    const auto plain = names(config);
    EXPECT_EQ(plain.size(), 2 * 9U + 3U);
    config.qkv_bias = config.output_bias = config.mlp_bias = config.qk_norm = config.tied_embeddings = true;
    const auto all = names(config);
    EXPECT_EQ(all.size(), 2 * (9U + 4U + 3U + 2U) + 2U);
    EXPECT_FALSE(all.contains(kHeadName));
    EXPECT_TRUE(all.contains("model.layers.1.self_attn.k_norm.weight"));
}

// Every compressed form must come back as the numbers that its bytes say, through OpenVINO itself.
class CompressedForms : public testing::TestWithParam<QuantFormat> {};

TEST_P(CompressedForms, GraphDecompressesWhatQuantizeWrote) {
    const QuantFormat format = GetParam();
    const int64_t rows = 6;
    const int64_t columns = 64;
    std::vector<float> values(rows * columns);
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = std::sin(static_cast<float>(i)) * 0.1F + 0.02F;
    const auto layout = quant_layout(format, rows, columns);
    std::vector<std::byte> weights(layout.weight_bytes);
    std::vector<std::byte> scales(layout.scale_bytes);
    std::vector<std::byte> zeros(layout.zero_point_bytes);
    const double error =
        quantize_rows(format, ScaleChoice::search, values.data(), 0, rows, columns, {weights, scales, zeros});
    StoredTensor tensor;
    tensor.name = "w";
    tensor.store = Store::quantized;
    tensor.format = format;
    tensor.rows = rows;
    tensor.columns = columns;
    tensor.weights = weights.data();
    tensor.scales = scales.data();
    if (!zeros.empty()) tensor.zero_points = zeros.data();

    // The identity times the transposed matrix is the transposed matrix.
    std::vector<float> identity(columns * columns, 0.0F);
    for (int64_t i = 0; i < columns; ++i)
        identity[static_cast<size_t>(i * columns + i)] = 1.0F;
    const auto input =
        std::make_shared<ov::op::v0::Parameter>(ov::element::f32, ov::PartialShape{columns, columns});
    const auto model =
        std::make_shared<ov::Model>(ov::OutputVector{linear(input, tensor)}, ov::ParameterVector{input});
    auto compiled = ov::Core().compile_model(
        model, "CPU", {{"INFERENCE_PRECISION_HINT", "f32"}, {"DYNAMIC_QUANTIZATION_GROUP_SIZE", 0}});
    auto request = compiled.create_infer_request();
    request.set_input_tensor(ov::Tensor(ov::element::f32, {64, 64}, identity.data()));
    request.infer();
    const ov::Tensor result = request.get_output_tensor();
    double squared = 0;
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) {
            const double difference = result.data<float>()[column * rows + row] -
                                      values[static_cast<size_t>(row * columns + column)];
            squared += difference * difference;
        }
    }
    EXPECT_NEAR(squared, error, 1e-3 * error + 1e-9);
}

INSTANTIATE_TEST_SUITE_P(All, CompressedForms,
                         testing::Values(QuantFormat{4, true, 0}, QuantFormat{4, true, 32},
                                         QuantFormat{4, false, 0}, QuantFormat{4, false, 16},
                                         QuantFormat{8, true, 0}, QuantFormat{8, false, 0}));

}  // namespace
}  // namespace ovenbird
