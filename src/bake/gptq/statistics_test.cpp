#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "bake/gptq/gptq.hpp"
#include "bake/gptq/test_inputs.hpp"

namespace ovenbird {
namespace {

double mean_diagonal(const std::vector<double>& matrix, int64_t size) {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i)
        sum += matrix[place(i, size, i)];
    return sum / static_cast<double>(size);
}

// Whether settle() takes these inputs.
bool settles(const std::vector<float>& x, const std::vector<float>& original, int64_t size) {
    InputStatistics statistics(size);
    statistics.add(x.data(), original.data(), static_cast<int64_t>(x.size()) / size);
    double damping = 0;
    return statistics.settle(damping);
}

// That hessian() is xᵀ x / rows, damped, and factor() what it says.
void expect_factor(const std::vector<float>& x, int64_t rows, int64_t size) {
    InputStatistics statistics(size);
    const int64_t half = rows / 2;
    statistics.add(x.data(), x.data(), half);
    statistics.add(x.data() + half * size, x.data() + half * size, rows - half);
    ASSERT_EQ(statistics.rows(), rows);
    double damping = 0;
    ASSERT_TRUE(statistics.settle(damping));
    EXPECT_EQ(damping, 0.01);

    auto wanted = plain_cross(x, x, rows, size);
    for (double& value : wanted)
        value /= static_cast<double>(rows);
    const double mean = mean_diagonal(wanted, size);
    for (int64_t i = 0; i < size; ++i)
        wanted[place(i, size, i)] += damping * mean;
    const double largest = *std::max_element(wanted.begin(), wanted.end());
    for (size_t i = 0; i < wanted.size(); ++i)
        ASSERT_NEAR(static_cast<double>(statistics.hessian()[i]), wanted[i], 1e-5 * largest);

    std::vector<int32_t> sorted = statistics.order();
    const auto& order = statistics.order();
    for (size_t i = 1; i < order.size(); ++i) {
        const auto diagonal = [&](size_t at) {
            return statistics.hessian()[place(order[at], size, order[at])];
        };
        EXPECT_GE(diagonal(i - 1), diagonal(i));
    }
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i)
        ASSERT_EQ(sorted[i], static_cast<int32_t>(i));

    // U H Uᵀ = 1, with the columns of U and H in order().
    const float* const factor = statistics.factor();
    for (int64_t row = 0; row < size; ++row) {
        std::vector<double> turned(static_cast<size_t>(size));
        for (int64_t k = 0; k < size; ++k) {
            if (k < row) {
                ASSERT_EQ(factor[place(row, size, k)], 0);
            }
            for (int64_t column = 0; column < size; ++column)
                turned[static_cast<size_t>(column)] +=
                    static_cast<double>(factor[place(row, size, k)]) *
                    wanted[place(order[static_cast<size_t>(k)], size, order[static_cast<size_t>(column)])];
        }
        for (int64_t other = 0; other < size; ++other) {
            double sum = 0;
            for (int64_t k = 0; k < size; ++k)
                sum += turned[static_cast<size_t>(k)] * static_cast<double>(factor[place(other, size, k)]);
            ASSERT_NEAR(sum, row == other ? 1 : 0, 5e-3) << row << " " << other;
        }
    }
}

TEST(InputStatistics, FactorIsOfTheDampedInverse) {
    for (const int64_t size : {1, 2, 63, 64, 65, 300})
        expect_factor(correlated_inputs(333, size, 7), 333, size);
}

TEST(InputStatistics, SingularInputsAreDamped) {
    const int64_t size = 96;
    expect_factor(random_matrix(64, size, 1), 64, size);  // fewer rows than columns
    auto x = random_matrix(200, size, 2);
    for (int64_t row = 0; row < 200; ++row) {
        for (int64_t column = 0; column < size; ++column) {
            float& value = x[place(row, size, column)];
            if (column % 3 == 1) value = x[place(row, size, column - 1)];
            if (column % 3 == 2) value = 0;
        }
    }
    expect_factor(x, 200, size);
    for (size_t i = 0; i < x.size(); ++i)
        x[i] = x[i - i % static_cast<size_t>(size)];
    expect_factor(x, 200, size);  // of one direction only
}

TEST(InputStatistics, SaysWhenThereIsNothingToGoBy) {
    const int64_t size = 8;
    const auto few = random_matrix(63, size, 1);
    EXPECT_FALSE(settles(few, few, size));
    const auto enough = random_matrix(64, size, 1);
    EXPECT_TRUE(settles(enough, enough, size));
    const std::vector<float> nothing(enough.size());
    EXPECT_FALSE(settles(nothing, enough, size));
    EXPECT_FALSE(settles({}, {}, size));
    for (const float bad : {std::numeric_limits<float>::infinity(), NAN, 1e30F}) {
        auto damaged = enough;
        damaged[13] = bad;
        EXPECT_FALSE(settles(damaged, damaged, size)) << bad;
        if (bad == 1e30F) continue;  // fits beside ordinary values
        EXPECT_FALSE(settles(enough, damaged, size)) << bad;
    }
}

// (moved - w) (H + ridge) = w C for some ridge > 0, whatever it is.
TEST(InputStatistics, MovedTargetIsARidgeRegression) {
    const int64_t size = 40;
    const int64_t rows = 500;
    const auto original = correlated_inputs(rows, size, 3);
    auto x = original;
    const auto noise = random_matrix(rows, size, 9);
    for (size_t i = 0; i < x.size(); ++i)
        x[i] += 0.3F * noise[i];
    InputStatistics statistics(size);
    statistics.add(x.data(), original.data(), rows);
    double damping = 0;
    ASSERT_TRUE(statistics.settle(damping));
    const auto w = random_matrix(3, size, 4);
    auto moved = w;
    statistics.move_target(moved.data(), 0, 3);

    const auto own = plain_cross(x, x, rows, size);
    const auto crossed = plain_cross(original, x, rows, size);
    double ridge = 0;
    for (int64_t row = 0; row < 3; ++row) {
        std::vector<double> left(static_cast<size_t>(size));
        double along = 0;
        double length = 0;
        for (int64_t column = 0; column < size; ++column) {
            double& sum = left[static_cast<size_t>(column)];
            for (int64_t k = 0; k < size; ++k) {
                const auto from = static_cast<double>(w[place(row, size, k)]);
                const double change = static_cast<double>(moved[place(row, size, k)]) - from;
                const size_t at = place(k, size, column);
                sum += (from * (crossed[at] - own[at]) - change * own[at]) / static_cast<double>(rows);
            }
            const auto change = static_cast<double>(moved[place(row, size, column)]) -
                                static_cast<double>(w[place(row, size, column)]);
            along += sum * change;
            length += change * change;
        }
        ASSERT_GT(length, 0);
        if (row == 0) ridge = along / length;
        EXPECT_GT(ridge, 0);
        for (int64_t column = 0; column < size; ++column) {
            const auto change = static_cast<double>(moved[place(row, size, column)]) -
                                static_cast<double>(w[place(row, size, column)]);
            EXPECT_NEAR(left[static_cast<size_t>(column)], ridge * change, 1e-3 * ridge * std::sqrt(length));
        }
    }
}

TEST(InputStatistics, LackMovesEachRowByItsOwn) {
    const int64_t size = 40;
    const auto x = correlated_inputs(300, size, 3);
    auto lack = random_matrix(300, 3, 5);
    for (size_t i = 0; i < lack.size(); i += 3)
        lack[i + 2] = 0;
    InputStatistics statistics(size);
    statistics.add(x.data(), x.data(), 300);
    statistics.add_lack(x.data(), lack.data(), 300, 3);
    double damping = 0;
    ASSERT_TRUE(statistics.settle(damping));
    const auto w = random_matrix(3, size, 4);
    auto all = w;
    statistics.move_target(all.data(), 0, 3);
    EXPECT_GT(std::abs(all[0] - w[0]), 1e-6);
    for (int64_t row = 0; row < 3; ++row) {
        std::vector<float> one(w.begin() + row * size, w.begin() + (row + 1) * size);
        statistics.move_target(one.data(), row, 1);
        for (int64_t i = 0; i < size; ++i) {
            EXPECT_NEAR(one[static_cast<size_t>(i)], all[place(row, size, i)], 1e-5);
            if (row == 2) {
                EXPECT_NEAR(one[static_cast<size_t>(i)], w[place(row, size, i)], 1e-5);
            }
        }
    }
}

TEST(InputStatistics, EqualInputsLeaveTheTargetAlone) {
    const auto x = correlated_inputs(300, 40, 3);
    InputStatistics statistics(40);
    statistics.add(x.data(), x.data(), 300);
    double damping = 0;
    ASSERT_TRUE(statistics.settle(damping));
    const auto w = random_matrix(3, 40, 4);
    auto moved = w;
    statistics.move_target(moved.data(), 0, 3);
    for (size_t i = 0; i < w.size(); ++i)
        EXPECT_NEAR(moved[i], w[i], 1e-5);
}

}  // namespace
}  // namespace ovenbird
