#include "bake/quantize/quantize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/error.hpp"

namespace ovenbird {
namespace {

float from_f16(uint16_t half) {
    const int exponent = (half >> 10) & 31;
    const int mantissa = half & 1023;
    const float size = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                     : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
    return (half & 0x8000) != 0 ? -size : size;
}

struct Compressed {
    QuantFormat format;
    QuantLayout layout;
    int64_t rows = 0;
    int64_t columns = 0;
    double error = 0;
    std::vector<std::byte> weights, scales, zero_points;

    static int nibble(const std::vector<std::byte>& bytes, int64_t index) {
        const int byte = std::to_integer<int>(bytes[static_cast<size_t>(index / 2)]);
        return index % 2 == 0 ? byte & 15 : byte >> 4;
    }
    int code(const std::vector<std::byte>& bytes, int64_t index) const {
        const bool four = format.bits == 4;
        const int value =
            four ? nibble(bytes, index) : std::to_integer<int>(bytes[static_cast<size_t>(index)]);
        const int half = four ? 8 : 128;
        return has_signed_codes(format) && value >= half ? value - 2 * half : value;
    }
    int64_t group_of(int64_t index) const { return index / (columns / layout.groups_per_row); }
    float scale(int64_t group) const {
        uint16_t half = 0;
        std::memcpy(&half, scales.data() + 2 * group, sizeof half);
        return from_f16(half);
    }
    int zero_point(int64_t group) const { return format.symmetric ? 0 : code(zero_points, group); }
    float value(int64_t index) const {
        const int64_t group = group_of(index);
        return static_cast<float>(code(weights, index) - zero_point(group)) * scale(group);
    }
};

Compressed compress(const QuantFormat& format, ScaleChoice choice, const std::vector<float>& values,
                    int64_t rows, int64_t rows_at_once = 0) {
    Compressed result;
    result.format = format;
    result.rows = rows;
    result.columns = static_cast<int64_t>(values.size()) / rows;
    result.layout = quant_layout(format, rows, result.columns);
    result.weights.resize(result.layout.weight_bytes);
    result.scales.resize(result.layout.scale_bytes);
    result.zero_points.resize(result.layout.zero_point_bytes);
    if (rows_at_once == 0) rows_at_once = rows;
    for (int64_t begin = 0; begin < rows; begin += rows_at_once) {
        result.error += quantize_rows(format, choice, values.data() + begin * result.columns, begin,
                                      std::min(begin + rows_at_once, rows), result.columns,
                                      {result.weights, result.scales, result.zero_points});
    }
    return result;
}

std::vector<float> random_values(size_t count, float size, uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::student_t_distribution<float> tails(4);
    std::vector<float> values(count);
    for (auto& value : values)
        value = size * tails(random);
    return values;
}

/// Sum over a matrix of |w|^power times the squared error.
double loss(const Compressed& result, const std::vector<float>& values, double power) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) {
        const double miss =
            static_cast<double>(values[i]) - static_cast<double>(result.value(static_cast<int64_t>(i)));
        sum += std::pow(std::abs(static_cast<double>(values[i])), power) * miss * miss;
    }
    return sum;
}

const std::vector<QuantFormat> kFormats = {{4, true, 64}, {4, true, 0},   {4, false, 64},
                                           {4, false, 0}, {8, true, 0},   {8, false, 0},
                                           {8, true, 16}, {8, false, 16}, {4, false, 192}};

TEST(Quantize, EveryFormatComesBackWithinHalfAStep) {
    const int64_t rows = 37;  // no multiple of any tile
    const auto values = random_values(37 * 192, 0.05F);
    for (const auto& format : kFormats) {
        const Compressed result = compress(format, ScaleChoice::plain, values, rows);
        for (size_t i = 0; i < values.size(); ++i) {
            const auto at = static_cast<int64_t>(i);
            const float step = std::abs(result.scale(result.group_of(at)));
            // The far end of a range may lie up to one step outside it: -8 … 7, or a zero point's rounding.
            EXPECT_LE(std::abs(values[i] - result.value(at)), 1.05F * step) << format.bits << " " << i;
        }
        EXPECT_NEAR(result.error, loss(result, values, 0), 1e-4 * result.error);
    }
}

TEST(Quantize, SearchNeverLosesToPlainByItsOwnMeasure) {
    for (const uint32_t seed : {1U, 2U, 3U}) {
        const auto values = random_values(64 * 192, 0.03F, seed);
        for (const auto& format : kFormats) {
            const auto plain = compress(format, ScaleChoice::plain, values, 64);
            const auto search = compress(format, ScaleChoice::search, values, 64);
            EXPECT_LE(loss(search, values, 1), 1.00001 * loss(plain, values, 1));
            if (format.bits == 4) {
                EXPECT_LT(loss(search, values, 1), 0.99 * loss(plain, values, 1));
            }
        }
    }
}

TEST(Quantize, ValuesOnAGridComeBackExactly) {
    std::vector<float> values(4 * 64);
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = 0.125F * static_cast<float>(static_cast<int>(i % 16) - 8);
    for (const auto choice : {ScaleChoice::plain, ScaleChoice::search}) {
        for (const auto& format :
             {QuantFormat{4, true, 32}, QuantFormat{4, false, 32}, QuantFormat{4, false, 0}}) {
            const auto result = compress(format, choice, values, 4);
            EXPECT_EQ(result.error, 0);
            for (size_t i = 0; i < values.size(); ++i)
                EXPECT_EQ(result.value(static_cast<int64_t>(i)), values[i]);
        }
    }
}

TEST(Quantize, TheEarlierValueIsInTheLowHalf) {
    const std::vector<float> values = {-8, 1, 2, 7};
    const auto result = compress({4, true, 0}, ScaleChoice::plain, values, 1);
    ASSERT_EQ(result.weights.size(), 2U);
    EXPECT_EQ(result.scale(0), 1);
    EXPECT_EQ(result.weights[0], std::byte{0x18});  // 1, -8
    EXPECT_EQ(result.weights[1], std::byte{0x72});
}

TEST(Quantize, APositivePeakTakesMinusEightWithANegativeScale) {
    const auto result = compress({4, true, 0}, ScaleChoice::plain, {16, -2, 4, -12}, 1);
    EXPECT_EQ(result.scale(0), -2);
    EXPECT_EQ(result.code(result.weights, 0), -8);
    EXPECT_EQ(result.error, 0);
}

TEST(Quantize, ZeroGroupsStayZero) {
    std::vector<float> values(2 * 64, 0.0F);
    for (size_t i = 64; i < 128; ++i)
        values[i] = 1;
    for (const auto& format : kFormats) {
        if (format.group_size == 192) continue;
        for (const auto choice : {ScaleChoice::plain, ScaleChoice::search}) {
            const auto result = compress(format, choice, values, 2);
            EXPECT_GT(std::abs(result.scale(0)), 0);
            for (int64_t i = 0; i < 64; ++i)
                EXPECT_EQ(result.value(i), 0);
            EXPECT_NEAR(result.value(64), 1, 0.001);
        }
    }
}

TEST(Quantize, GroupsOfOneSignKeepZeroInRange) {
    const std::vector<float> values(64, 5.0F);
    const auto result = compress({4, false, 0}, ScaleChoice::plain, values, 1);
    EXPECT_EQ(result.zero_point(0), 0 - 8);  // per channel, so signed
    EXPECT_NEAR(result.value(0), 5, 0.005);
    const std::vector<float> negative(64, -5.0F);
    const auto below = compress({4, false, 0}, ScaleChoice::search, negative, 1);
    EXPECT_EQ(below.zero_point(0), 15 - 8);
    EXPECT_NEAR(below.value(0), -5, 0.005);
}

TEST(Quantize, TinyAndHugeValues) {
    for (const auto& format : kFormats) {
        for (const auto choice : {ScaleChoice::plain, ScaleChoice::search}) {
            for (const float size : {1e-45F, 1e-38F, 1e-9F, 1e-7F, 1e-5F, 1e4F}) {
                auto values = random_values(192 * 4, size);
                const auto result = compress(format, choice, values, 4);
                double energy = 0;
                for (const float value : values)
                    energy += static_cast<double>(value) * static_cast<double>(value);
                EXPECT_TRUE(std::isfinite(result.error)) << size;
                EXPECT_LE(result.error, 1.001 * energy) << size;
            }
            for (const float size : {1e7F, 1e30F, std::numeric_limits<float>::max()}) {
                std::vector<float> values(192 * 4, -size);
                values[3] = size;
                try {
                    compress(format, choice, values, 4);
                    ADD_FAILURE() << "no error for " << size;
                } catch (const Error& error) {
                    EXPECT_EQ(error.code(), ErrorCode::unsupported);
                }
            }
        }
    }
}

TEST(Quantize, RowsInPiecesGiveTheSameBytes) {
    const auto values = random_values(38 * 192, 0.1F);
    for (const auto& format : kFormats) {
        const auto whole = compress(format, ScaleChoice::search, values, 38);
        const int64_t step = quant_row_step(format, 192);
        const auto pieces = compress(format, ScaleChoice::search, values, 38, 3 * step);
        EXPECT_EQ(whole.weights, pieces.weights);
        EXPECT_EQ(whole.scales, pieces.scales);
        EXPECT_EQ(whole.zero_points, pieces.zero_points);
        EXPECT_NEAR(whole.error, pieces.error, 1e-9 * whole.error);
    }
}

TEST(Quantize, RowsThatWouldShareAByteAreRefused) {
    const QuantFormat format{4, false, 64};
    EXPECT_EQ(quant_row_step(format, 192), 2);
    EXPECT_EQ(quant_row_step(format, 128), 1);
    EXPECT_EQ(quant_row_step({4, false, 0}, 128), 2);
    EXPECT_EQ(quant_row_step({4, true, 64}, 192), 1);
    EXPECT_EQ(quant_row_step({8, false, 64}, 192), 1);
    EXPECT_THROW(compress(format, ScaleChoice::plain, random_values(192 * 3, 1), 3, 1), Error);
}

TEST(Quantize, TargetsThatAreTooSmallAreRefused) {
    const auto values = random_values(128, 1);
    std::vector<std::byte> weights(64), scales(3), zero_points(1);
    EXPECT_THROW(
        quantize_rows({4, true, 64}, ScaleChoice::plain, values.data(), 0, 1, 128, {weights, scales, {}}),
        Error);
    scales.resize(4);
    EXPECT_NO_THROW(
        quantize_rows({4, true, 64}, ScaleChoice::plain, values.data(), 0, 1, 128, {weights, scales, {}}));
    EXPECT_THROW(
        quantize_rows({4, false, 64}, ScaleChoice::plain, values.data(), 0, 1, 128, {weights, scales, {}}),
        Error);
}

TEST(QuantLayout, CountsBytes) {
    const auto grouped = quant_layout({4, false, 64}, 3, 192);
    EXPECT_EQ(grouped.groups_per_row, 3);
    EXPECT_EQ(grouped.weight_bytes, 288U);
    EXPECT_EQ(grouped.scale_bytes, 18U);
    EXPECT_EQ(grouped.zero_point_bytes, 5U);
    const auto channel = quant_layout({8, true, 0}, 3, 191);
    EXPECT_EQ(channel.groups_per_row, 1);
    EXPECT_EQ(channel.weight_bytes, 573U);
    EXPECT_EQ(channel.zero_point_bytes, 0U);
}

TEST(QuantLayout, RefusesWhatDoesNotFit) {
    const int64_t huge = int64_t{1} << 62;
    const std::vector<std::tuple<QuantFormat, int64_t, int64_t>> bad = {
        {{4, true, 64}, 4, 100},     {{4, true, 0}, 4, 7},   {{4, true, 3}, 4, 6},  {{3, true, 0}, 4, 4},
        {{4, true, -1}, 4, 4},       {{4, true, 0}, 0, 4},   {{4, true, 0}, 4, -4}, {{8, true, 0}, huge, 4},
        {{8, true, 1}, huge / 2, 2}, {{8, true, 0}, 4, huge}};
    for (const auto& [format, rows, columns] : bad) {
        try {
            quant_layout(format, rows, columns);
            ADD_FAILURE() << rows << " x " << columns;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::invalid_input);
        }
    }
}

TEST(FittingGroupSize, FallsBackToAPowerOfTwo) {
    EXPECT_EQ(fitting_group_size(576, 128), 64);
    EXPECT_EQ(fitting_group_size(4096, 128), 128);
    EXPECT_EQ(fitting_group_size(576, 96), 96);
    EXPECT_EQ(fitting_group_size(576, 100), 64);
    EXPECT_EQ(fitting_group_size(48, 32), 16);
    EXPECT_EQ(fitting_group_size(40, 32), 0);
    EXPECT_EQ(fitting_group_size(64, 128), 64);
    EXPECT_EQ(fitting_group_size(64, std::numeric_limits<int64_t>::max()), 64);
    EXPECT_EQ(fitting_group_size(64, 0), 0);
}

}  // namespace
}  // namespace ovenbird
