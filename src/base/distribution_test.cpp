#include "base/distribution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

const float kLog2 = std::log(2.0F);
const float kLog3 = std::log(3.0F);

TEST(Distribution, LogProbabilityByHand) {
    const std::vector<float> row{0.0F, kLog2, 0.0F};  // 1/4, 1/2, 1/4
    EXPECT_NEAR(log_probability_of(row, 1), std::log(0.5), 1e-7);
    EXPECT_NEAR(log_probability_of(row, 2), std::log(0.25), 1e-7);
    EXPECT_EQ(likeliest_token(row), 1);
}

TEST(Distribution, OfEqualsTheLowest) {
    EXPECT_EQ(likeliest_token(std::vector<float>{1.0F, 3.0F, 3.0F}), 1);
}

TEST(Distribution, EqualLogitsAreNotApart) {
    const std::vector<float> row{0.25F, -3.0F, 7.5F, 2.0F};
    EXPECT_EQ(compare_rows(row, row, 0).kl, 0);
    std::vector<float> shifted = row;  // softmax does not see what is added to all
    for (auto& logit : shifted)
        logit += 16.0F;
    EXPECT_NEAR(compare_rows(row, shifted, 0).kl, 0, 1e-12);
}

TEST(Distribution, KlByHand) {
    const std::vector<float> expected{0.0F, 0.0F};  // 1/2, 1/2
    const std::vector<float> got{0.0F, kLog3};      // 1/4, 3/4
    const auto row = compare_rows(expected, got, 1);
    EXPECT_NEAR(row.kl, 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3.0), 1e-7);
    EXPECT_NEAR(row.expected_log_probability, std::log(0.5), 1e-7);
    EXPECT_NEAR(row.got_log_probability, std::log(0.75), 1e-7);
    EXPECT_EQ(row.expected_best, 0);
    EXPECT_EQ(row.got_best, 1);
    // The other way round it is another number.
    EXPECT_NEAR(compare_rows(got, expected, 1).kl, 0.25 * std::log(0.5) + 0.75 * std::log(1.5), 1e-7);
}

TEST(Distribution, LogitsFarApart) {
    const std::vector<float> expected{1000.0F, -1000.0F};
    const std::vector<float> got{-1000.0F, 1000.0F};
    EXPECT_DOUBLE_EQ(compare_rows(expected, got, 0).kl, 2000);
    EXPECT_DOUBLE_EQ(log_probability_of(got, 0), -2000);
}

TEST(Distribution, LogitsThatAreNoNumbersAreAFault) {
    const std::vector<float> sound{0.0F, 1.0F};
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        const std::vector<float> broken{0.0F, bad};
        error_of(ErrorCode::verification, [&] { log_probability_of(broken, 0); });
        error_of(ErrorCode::verification, [&] { compare_rows(sound, broken, 0); });
        error_of(ErrorCode::verification, [&] { compare_rows(broken, sound, 0); });
    }
}

TEST(Distribution, RowsOfOtherLengths) {
    error_of(ErrorCode::internal, [] {
        compare_rows(std::vector<float>{0.0F}, std::vector<float>{0.0F, 1.0F}, 0);
    });
}

}  // namespace
}  // namespace ovenbird
