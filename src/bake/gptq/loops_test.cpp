#include "bake/gptq/loops.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bake/gptq/test_inputs.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kColumns = 37;

bool same(const RowScales& one, const RowScales& other) {
    return std::ranges::equal(one.scale, other.scale) && std::ranges::equal(one.lowest, other.lowest) &&
           std::ranges::equal(one.highest, other.highest);
}

std::vector<RowScales> search(const GptqLoops& loops, const std::vector<float>& values, int bits,
                              bool symmetric) {
    auto weights = random_matrix(1, kColumns, 3);
    for (float& weight : weights)
        weight = std::abs(weight) + 0.01F;
    std::vector<const float*> columns;
    columns.reserve(kColumns);
    for (int64_t i = 0; i < kColumns; ++i)
        columns.push_back(&values[static_cast<size_t>(i * kGptqRows)]);
    std::vector<RowScales> best(1);
    loops.search(columns.data(), weights.data(), kColumns, bits, symmetric, best.front());
    return best;
}

// One row is 0, one has a single value, one lies on one side of 0.
std::vector<float> columns_of_rows() {
    auto values = random_matrix(kColumns, kGptqRows, 1, 4);
    for (int64_t i = 0; i < kColumns; ++i) {
        values[place(i, kGptqRows, 0)] = 0;
        values[place(i, kGptqRows, 1)] = i == 5 ? 1e-30F : 0;
        values[place(i, kGptqRows, 2)] = std::abs(values[place(i, kGptqRows, 2)]);
    }
    return values;
}

TEST(GptqLoops, TheFastestIsTheLast) {
    EXPECT_STREQ(runnable_gptq_loops().front().name, "baseline");
    EXPECT_EQ(&gptq_loops(), &runnable_gptq_loops().back());
}

TEST(GptqLoops, EveryInstructionSetSearchesAlike) {
    for (const int bits : {4, 8}) {
        for (const bool symmetric : {true, false}) {
            const auto values = columns_of_rows();
            const auto wanted = search(runnable_gptq_loops().front(), values, bits, symmetric);
            for (const auto& loops : runnable_gptq_loops())
                EXPECT_TRUE(same(search(loops, values, bits, symmetric).front(), wanted.front()))
                    << loops.name << " " << bits << " " << symmetric;
        }
    }
}

struct Rounded {
    std::vector<float> columns, codes, errors, loss;
    bool operator==(const Rounded&) const = default;
};

TEST(GptqLoops, EveryInstructionSetRoundsAlike) {
    constexpr int64_t kStride = kColumns + 3;
    auto factor = random_matrix(kColumns, kStride, 2);
    for (int64_t i = 0; i < kColumns; ++i)
        factor[place(i, kStride, i)] = 2.0F + std::abs(factor[place(i, kStride, i)]);
    const auto values = columns_of_rows();
    const auto scales = search(runnable_gptq_loops().front(), values, 4, false);
    const std::vector<const RowScales*> own(kColumns, scales.data());
    const auto round = [&](const GptqLoops& loops) {
        Rounded result{values, values, values, std::vector<float>(kGptqRows, 1.0F)};
        loops.round_block(result.columns.data(), kColumns, factor.data(), kStride, own.data(),
                          result.codes.data(), result.errors.data(), result.loss.data());
        return result;
    };
    for (const auto& loops : runnable_gptq_loops())
        EXPECT_EQ(round(loops), round(runnable_gptq_loops().front())) << loops.name;
}

TEST(GptqLoops, EveryInstructionSetDescendsAlike) {
    constexpr int64_t kStride = kColumns + 3;
    auto hessian = random_matrix(kColumns, kStride, 2);
    for (int64_t i = 0; i < kColumns; ++i)
        hessian[place(i, kStride, i)] = 3.0F + std::abs(hessian[place(i, kStride, i)]);
    const auto values = columns_of_rows();
    const auto scales = search(runnable_gptq_loops().front(), values, 4, true);
    const std::vector<const RowScales*> own(kColumns, scales.data());
    const auto descend = [&](const GptqLoops& loops) {
        Rounded result{values, std::vector<float>(values.size(), 1.0F), values, {}};
        loops.descend_block(result.columns.data(), kColumns, hessian.data(), kStride, own.data(),
                            result.codes.data(), result.errors.data());
        return result;
    };
    const auto wanted = descend(runnable_gptq_loops().front());
    EXPECT_NE(wanted.codes, std::vector<float>(values.size(), 1.0F));
    for (const auto& loops : runnable_gptq_loops())
        EXPECT_EQ(descend(loops), wanted) << loops.name;
}

TEST(GptqLoops, EveryInstructionSetSumsAlike) {
    const auto a = random_matrix(kColumns, kGptqRows, 1);
    const auto b = random_matrix(kColumns, kGptqRows, 2);
    const auto dot = [&](const GptqLoops& loops) {
        std::vector<float> sums(kGptqRows, 0.5F);
        loops.dot(a.data(), b.data(), kColumns, sums.data());
        return sums;
    };
    double wanted = 0.5;
    for (int64_t i = 0; i < kColumns; ++i)
        wanted +=
            static_cast<double>(a[place(i, kGptqRows, 77)]) * static_cast<double>(b[place(i, kGptqRows, 77)]);
    EXPECT_NEAR(dot(gptq_loops())[77], wanted, 1e-4);
    for (const auto& loops : runnable_gptq_loops())
        EXPECT_EQ(dot(loops), dot(runnable_gptq_loops().front())) << loops.name;
}

}  // namespace
}  // namespace ovenbird
