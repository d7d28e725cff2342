#include "bake/exact/rotation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace ovenbird {
namespace {

std::vector<float> random_values(int64_t count) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values)
        value = normal(random);
    return values;
}

/// R [size, size]: the identity's rows, turned.
std::vector<float> matrix_of(const Rotation& rotation) {
    const auto size = static_cast<size_t>(rotation.size());
    std::vector<float> matrix(size * size);
    for (size_t i = 0; i < size; ++i)
        matrix[i * size + i] = 1.0F;
    rotation.turn_rows(matrix.data(), rotation.size());
    return matrix;
}

// Powers of two, odd sizes, and products of both as models have them (5120 is 5 times a power of two).
class Sizes : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Rotations, Sizes, testing::Values(1, 2, 3, 9, 20, 64, 80, 96, 160, 576, 896));

TEST_P(Sizes, IsOrthogonal) {
    const auto size = static_cast<size_t>(GetParam());
    const auto matrix = matrix_of(Rotation(GetParam(), 7));
    for (size_t row = 0; row < size; row += 1 + size / 40) {
        for (size_t other = 0; other < size; ++other) {
            double along_rows = 0;
            double along_columns = 0;
            for (size_t i = 0; i < size; ++i) {
                along_rows += static_cast<double>(matrix[row * size + i] * matrix[other * size + i]);
                along_columns += static_cast<double>(matrix[i * size + row] * matrix[i * size + other]);
            }
            ASSERT_NEAR(along_rows, row == other ? 1 : 0, 1e-5) << row << " " << other;
            ASSERT_NEAR(along_columns, row == other ? 1 : 0, 1e-5) << row << " " << other;
        }
    }
}

TEST_P(Sizes, RowsAndColumnsAreTurnedByTheSameMatrix) {
    const int64_t size = GetParam();
    const Rotation rotation(size, 7);
    const auto matrix = matrix_of(rotation);
    for (const int64_t count : {1, 63, 64, 65, 130}) {
        const auto x = random_values(count * size);
        auto rows = x;
        rotation.turn_rows(rows.data(), count);
        std::vector<float> columns(x.size());  // the same vectors, as columns
        for (int64_t row = 0; row < count; ++row)
            for (int64_t i = 0; i < size; ++i)
                columns[static_cast<size_t>(i * count + row)] = x[static_cast<size_t>(row * size + i)];
        rotation.turn_columns(columns.data(), count);
        const double bound = 1e-5 * std::sqrt(static_cast<double>(size));
        for (int64_t row = 0; row < count; row += 1 + count / 5) {
            for (int64_t i = 0; i < size; ++i) {
                double wanted = 0;
                for (int64_t k = 0; k < size; ++k)
                    wanted += static_cast<double>(x[static_cast<size_t>(row * size + k)] *
                                                  matrix[static_cast<size_t>(k * size + i)]);
                ASSERT_NEAR(rows[static_cast<size_t>(row * size + i)], wanted, bound);
                ASSERT_NEAR(columns[static_cast<size_t>(i * count + row)], wanted, bound);
            }
        }
    }
}

TEST_P(Sizes, ASeedIsARotation) {
    const int64_t size = GetParam();
    const auto matrix = matrix_of(Rotation(size, 7));
    EXPECT_EQ(matrix, matrix_of(Rotation(size, 7)));
    if (size > 9) {
        EXPECT_NE(matrix, matrix_of(Rotation(size, 8)));
    }
}

TEST_P(Sizes, SpreadsWhatStandsOut) {
    const int64_t size = GetParam();
    if (size < 64) return;
    for (const float value : matrix_of(Rotation(size, 7)))
        ASSERT_LT(std::abs(value), 0.5F);
}

TEST(Rotation, NothingToTurnIsFine) {
    const Rotation rotation(12, 1);
    rotation.turn_rows(nullptr, 0);
    rotation.turn_columns(nullptr, 0);
}

}  // namespace
}  // namespace ovenbird
