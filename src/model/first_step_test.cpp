#include "model/first_step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

std::vector<float> some_logits() {
    std::vector<float> logits(100);
    for (size_t i = 0; i < logits.size(); ++i)
        logits[i] = static_cast<float>(3 * std::sin(static_cast<double>(i * i)));
    return logits;
}

TEST(FirstStep, IsWrittenAndRead) {
    const std::vector<int64_t> ids{3, 1, 4};
    const FirstStep step = first_step(ids, some_logits());
    EXPECT_EQ(step.likeliest.size(), 16U);
    EXPECT_GE(step.likeliest[0].second, step.likeliest[1].second);
    const FirstStep read = first_step_from_json(Json::parse(to_json(step).dump()));
    EXPECT_EQ(read.ids, step.ids);
    EXPECT_EQ(read.likeliest, step.likeliest);
    EXPECT_DOUBLE_EQ(read.log_sum, step.log_sum);
}

TEST(FirstStep, RoundingLosesLittleAndOtherArithmeticMuch) {
    const auto logits = some_logits();
    const FirstStep step = first_step(std::vector<int64_t>{1}, logits);
    EXPECT_NEAR(divergence(step, logits), 0, 1e-6);
    auto rounded = logits;
    for (size_t i = 0; i < rounded.size(); ++i)
        rounded[i] += i % 2 == 0 ? 0.05F : -0.05F;
    EXPECT_LT(divergence(step, rounded), 0.01);
    auto moved = logits;
    std::rotate(moved.begin(), moved.begin() + 1, moved.end());
    EXPECT_GT(divergence(step, moved), 0.5);
    auto broken = logits;
    broken[7] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isinf(divergence(step, broken)));
    EXPECT_TRUE(std::isinf(divergence(step, {})));
    EXPECT_TRUE(std::isinf(divergence(step, std::vector<float>(3, 0.0F))));
}

TEST(FirstStep, WhatIsNoneIsRefused) {
    for (const char* text : {"null", "{}", "[]", R"({"ids": [], "likeliest": [[1, 2]], "log_sum": 1})",
                             R"({"ids": [1], "likeliest": [], "log_sum": 1})",
                             R"({"ids": ["a"], "likeliest": [[1, 2]], "log_sum": 1})",
                             R"({"ids": [1], "likeliest": [[1]], "log_sum": 1})",
                             R"({"ids": [1], "likeliest": [[1, 2]], "log_sum": "x"})"})
        error_of(ErrorCode::invalid_input, [&] { first_step_from_json(Json::parse(text)); });
}

}  // namespace
}  // namespace ovenbird
