#include "bake/gptq/linear_algebra.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bake/gptq/test_inputs.hpp"

namespace ovenbird {
namespace {

// Around the edges of one tile of 256, and of several.
class Sizes : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(LinearAlgebra, Sizes, testing::Values(1, 2, 255, 256, 257, 600));

void expect_near(const std::vector<float>& got, const std::vector<double>& wanted, double share) {
    double largest = 0;
    for (const double value : wanted)
        largest = std::max(largest, std::abs(value));
    double worst = 0;
    for (size_t i = 0; i < got.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(got[i]) - wanted[i]));
    EXPECT_LE(worst, share * largest);
}

// xᵀ x of more rows than columns, and something on the diagonal.
std::vector<float> positive_definite(int64_t size) {
    const int64_t rows = size + 40;
    const auto x = random_matrix(rows, size, 5);
    std::vector<float> h(static_cast<size_t>(size * size));
    add_gram(x.data(), rows, size, h.data());
    mirror_upper(h.data(), size);
    for (int64_t i = 0; i < size; ++i)
        h[place(i, size, i)] += static_cast<float>(size);
    return h;
}

// l lᵀ of the lower triangle.
std::vector<double> squared(const std::vector<float>& l, int64_t size) {
    std::vector<double> product(l.size());
    for (int64_t i = 0; i < size; ++i)
        for (int64_t j = 0; j <= i; ++j) {
            double sum = 0;
            for (int64_t k = 0; k <= j; ++k)
                sum += static_cast<double>(l[place(i, size, k)]) * static_cast<double>(l[place(j, size, k)]);
            product[place(i, size, j)] = product[place(j, size, i)] = sum;
        }
    return product;
}

TEST_P(Sizes, GramAddsToTheUpperTriangleOnly) {
    const int64_t size = GetParam();
    const int64_t rows = 41;
    const auto x = random_matrix(rows, size, 1);
    auto h = random_matrix(size, size, 2);
    const auto before = h;
    auto wanted = plain_cross(x, x, rows, size);
    for (size_t i = 0; i < wanted.size(); ++i)
        wanted[i] += static_cast<double>(before[i]);
    add_gram(x.data(), rows, size, h.data());
    // A tile on the diagonal is computed whole; what lies below it is not looked at.
    for (int64_t row = 0; row < size; ++row)
        for (int64_t column = 0; column < row; ++column) {
            if (row / 256 != column / 256) {
                EXPECT_EQ(h[place(row, size, column)], before[place(row, size, column)]);
            }
            h[place(row, size, column)] = 0;
            wanted[place(row, size, column)] = 0;
        }
    expect_near(h, wanted, 1e-5);
    mirror_upper(h.data(), size);
    for (int64_t row = 0; row < size; ++row)
        for (int64_t column = 0; column < row; ++column)
            ASSERT_EQ(h[place(row, size, column)], h[place(column, size, row)]);
}

TEST_P(Sizes, CrossAdds) {
    const int64_t size = GetParam();
    const int64_t rows = 41;
    const auto a = random_matrix(rows, size, 1);
    const auto b = random_matrix(rows, size, 2);
    auto c = random_matrix(size, size, 3);
    auto wanted = plain_cross(a, b, rows, size);
    for (size_t i = 0; i < wanted.size(); ++i)
        wanted[i] += static_cast<double>(c[i]);
    add_cross(a.data(), size, b.data(), size, rows, c.data());
    expect_near(c, wanted, 1e-5);
    // Of a narrower matrix: the first rows of the same sums.
    const int64_t fewer = (size + 1) / 2;
    std::vector<float> narrow(static_cast<size_t>(rows * fewer));
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t i = 0; i < fewer; ++i)
            narrow[place(row, fewer, i)] = a[place(row, size, i)];
    std::vector<float> part(static_cast<size_t>(fewer * size));
    add_cross(narrow.data(), fewer, b.data(), size, rows, part.data());
    auto sums = plain_cross(a, b, rows, size);
    sums.resize(part.size());
    expect_near(part, sums, 1e-5);
}

TEST_P(Sizes, FactoriseGivesLAndLeavesTheUpperTriangleAlone) {
    const int64_t size = GetParam();
    const auto h = positive_definite(size);
    auto l = h;
    ASSERT_TRUE(factorise(l.data(), size));
    for (int64_t row = 0; row < size; ++row)
        for (int64_t column = (row / 256 + 1) * 256; column < size; ++column)
            ASSERT_EQ(l[place(row, size, column)], h[place(row, size, column)]);
    expect_near(h, squared(l, size), 1e-5);
}

TEST_P(Sizes, FactoriseRefusesWhatIsNotPositiveDefinite) {
    const int64_t size = GetParam();
    const auto refused = [size](std::vector<float> h) { return !factorise(h.data(), size); };
    const auto sound = positive_definite(size);
    for (const int64_t at : {int64_t{0}, size / 2, size - 1}) {
        for (const float value : {0.0F, -1.0F, NAN}) {
            auto h = sound;
            h[place(at, size, at)] = value;
            EXPECT_TRUE(refused(h)) << at << " " << value;
        }
        if (at == 0) continue;
        auto h = sound;  // a correlation of more than 1, with a positive diagonal
        h[place(at, size, 0)] = h[place(0, size, at)] = 3.0F * (h[0] + h[place(at, size, at)]);
        EXPECT_TRUE(refused(h)) << at;
        h[place(at, size, 0)] = h[place(0, size, at)] = NAN;
        EXPECT_TRUE(refused(h)) << at;
    }
    EXPECT_TRUE(refused(std::vector<float>(sound.size())));
}

TEST_P(Sizes, InverseTimesLIsOne) {
    const int64_t size = GetParam();
    auto l = positive_definite(size);
    ASSERT_TRUE(factorise(l.data(), size));
    std::vector<float> inverse(l.size(), NAN);
    invert_lower(l.data(), size, inverse.data());
    for (int64_t row = 0; row < size; ++row) {
        for (int64_t column = 0; column < size; ++column) {
            double sum = 0;
            for (int64_t k = column; k <= row; ++k)
                sum += static_cast<double>(inverse[place(row, size, k)]) *
                       static_cast<double>(l[place(k, size, column)]);
            ASSERT_NEAR(sum, row == column ? 1 : 0, 1e-4) << row << " " << column;
            if (column > row) {
                ASSERT_EQ(inverse[place(row, size, column)], 0);
            }
        }
    }
}

TEST_P(Sizes, SolvedRowsTimesTheMatrixAreTheRows) {
    const int64_t size = GetParam();
    const int64_t rows = 5;
    const auto h = positive_definite(size);
    auto l = h;
    ASSERT_TRUE(factorise(l.data(), size));
    const auto wanted = random_matrix(rows, size, 4);
    auto x = wanted;
    solve_rows(l.data(), size, rows, x.data());
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < size; ++column) {
            double sum = 0;
            for (int64_t k = 0; k < size; ++k)
                sum += static_cast<double>(x[place(row, size, k)]) *
                       static_cast<double>(h[place(k, size, column)]);
            ASSERT_NEAR(sum, static_cast<double>(wanted[place(row, size, column)]), 1e-4);
        }
    }
}

}  // namespace
}  // namespace ovenbird
