#include "bake/gptq/gptq.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bake/gptq/loops.hpp"
#include "bake/gptq/test_inputs.hpp"

namespace ovenbird {
namespace {

constexpr QuantFormat kFormats[] = {{4, true, 0},  {4, true, 64},  {4, true, 32},  {4, true, 96},
                                    {4, false, 0}, {4, false, 64}, {4, false, 32}, {4, false, 96},
                                    {8, true, 0},  {8, true, 64},  {8, false, 0},  {8, false, 32}};
constexpr int64_t kColumns = 192;

std::string told(const QuantFormat& format) {
    return std::to_string(format.bits) + (format.symmetric ? " symmetric " : " asymmetric ") +
           std::to_string(format.group_size);
}

InputStatistics statistics_of(const std::vector<float>& x, int64_t columns) {
    InputStatistics statistics(columns);
    statistics.add(x.data(), x.data(), static_cast<int64_t>(x.size()) / columns);
    double damping = 0;
    EXPECT_TRUE(statistics.settle(damping));
    return statistics;
}

std::vector<float> values_of(const GptqRows& rows, const QuantFormat& format, int64_t columns) {
    const auto group = static_cast<size_t>(format.group_size == 0 ? columns : format.group_size);
    std::vector<float> values(rows.codes.size());
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(rows.codes[i]) * rows.scales[i / group];
    return values;
}

// Σ (w - q) H (w - q)ᵀ over the rows.
double output_error(const InputStatistics& statistics, const std::vector<float>& w,
                    const std::vector<float>& q) {
    const int64_t size = statistics.size();
    double sum = 0;
    std::vector<double> miss(static_cast<size_t>(size));
    for (int64_t row = 0; row < static_cast<int64_t>(w.size()) / size; ++row) {
        for (int64_t i = 0; i < size; ++i)
            miss[static_cast<size_t>(i)] =
                static_cast<double>(w[place(row, size, i)]) - static_cast<double>(q[place(row, size, i)]);
        for (int64_t i = 0; i < size; ++i)
            for (int64_t j = 0; j < size; ++j)
                sum += miss[static_cast<size_t>(i)] * miss[static_cast<size_t>(j)] *
                       static_cast<double>(statistics.hessian()[place(i, size, j)]);
    }
    return sum;
}

std::vector<float> by_themselves(const QuantFormat& format, const std::vector<float>& w, int64_t columns) {
    const auto rows = static_cast<int64_t>(w.size()) / columns;
    CompressedRows stored(format, rows, columns);
    quantize_rows(format, ScaleChoice::search, w.data(), 0, rows, columns, stored.target());
    return stored.values();
}

void expect_storable(const GptqRows& rows, const QuantFormat& format, int64_t columns) {
    const auto group = static_cast<size_t>(format.group_size == 0 ? columns : format.group_size);
    const int levels = format.bits == 4 ? 16 : 256;
    ASSERT_EQ(rows.scales.size(), rows.codes.size() / group);
    ASSERT_EQ(rows.lowest.size(), rows.scales.size());
    for (size_t i = 0; i < rows.scales.size(); ++i) {
        EXPECT_EQ(storable_scale(rows.scales[i]), rows.scales[i]);
        EXPECT_NE(rows.scales[i], 0);
        if (format.symmetric) {
            EXPECT_EQ(rows.lowest[i], -levels / 2);
        }
        EXPECT_LE(rows.lowest[i], 0);
        EXPECT_GT(rows.lowest[i], -levels);
    }
    for (size_t i = 0; i < rows.codes.size(); ++i) {
        ASSERT_GE(rows.codes[i], rows.lowest[i / group]);
        ASSERT_LE(rows.codes[i], rows.lowest[i / group] + levels - 1);
    }
}

TEST(QuantiseRows, WhatItGivesCanBeStoredAndHasTheErrorItSays) {
    const auto statistics = statistics_of(correlated_inputs(400, kColumns, 1), kColumns);
    for (const auto& format : kFormats) {
        SCOPED_TRACE(told(format));
        for (const int64_t count : {1, 127, 128}) {
            auto w = random_matrix(count, kColumns, 2, 4);
            for (int64_t i = 0; i < kColumns; ++i)
                w[place(count - 1, kColumns, i)] = std::abs(w[place(count - 1, kColumns, i)]);
            const auto rows = quantise_rows(format, {{1.0F, 0.9F}, 1}, statistics, w.data(), count);
            expect_storable(rows, format, kColumns);
            const double wanted = output_error(statistics, w, values_of(rows, format, kColumns));
            EXPECT_NEAR(rows.squared_error, wanted, 1e-3 * wanted + 1e-6 * rows.squared_values);
            const double energy = output_error(statistics, w, std::vector<float>(w.size()));
            EXPECT_NEAR(rows.squared_values, energy, 1e-4 * energy);
            EXPECT_LT(rows.squared_error, 0.5 * rows.squared_values);
        }
    }
}

TEST(QuantiseRows, RowsDoNotDependOnThoseBesideThem) {
    const auto statistics = statistics_of(correlated_inputs(400, kColumns, 1), kColumns);
    const auto w = random_matrix(128, kColumns, 2, 4);
    for (const auto& format : kFormats) {
        SCOPED_TRACE(told(format));
        const GptqEffort effort{{1.0F, 0.93F, 0.87F}, 2};
        const auto all = quantise_rows(format, effort, statistics, w.data(), 128);
        for (const int64_t row : {0, 5, 127}) {
            const auto one = quantise_rows(format, effort, statistics, &w[place(row, kColumns, 0)], 1);
            for (int64_t i = 0; i < kColumns; ++i)
                ASSERT_EQ(one.codes[static_cast<size_t>(i)], all.codes[place(row, kColumns, i)]);
            for (size_t i = 0; i < one.scales.size(); ++i)
                ASSERT_EQ(one.scales[i], all.scales[static_cast<size_t>(row) * one.scales.size() + i]);
        }
    }
}

TEST(QuantiseRows, NeverWorseThanRoundingByThemselves) {
    for (uint32_t seed = 1; seed <= 20; ++seed) {
        const int64_t columns = seed % 2 == 0 ? kColumns : 96;
        const auto statistics = statistics_of(correlated_inputs(300, columns, 10 * seed), columns);
        const auto w = random_matrix(16, columns, seed, seed % 3 == 0 ? 3.0F : 1e6F);
        for (const auto& format : kFormats) {
            if (columns % std::max<int64_t>(format.group_size, 1) != 0) continue;
            SCOPED_TRACE(told(format) + ", seed " + std::to_string(seed));
            const double plain = output_error(statistics, w, by_themselves(format, w, columns));
            const auto rows = quantise_rows(format, {}, statistics, w.data(), 16);
            EXPECT_LT(output_error(statistics, w, values_of(rows, format, columns)), plain);
        }
    }
}

TEST(QuantiseRows, MoreEffortIsNeverWorse) {
    for (uint32_t seed = 1; seed <= 6; ++seed) {
        const auto statistics = statistics_of(correlated_inputs(300, kColumns, 10 * seed), kColumns);
        const auto w = random_matrix(16, kColumns, seed, 4);
        for (const auto& format : kFormats) {
            SCOPED_TRACE(told(format) + ", seed " + std::to_string(seed));
            const auto error = [&](const GptqEffort& effort) {
                return quantise_rows(format, effort, statistics, w.data(), 16).squared_error;
            };
            const std::vector<GptqEffort> rising = {{{1.0F}, 0},
                                                    {{1.0F, 0.93F}, 0},
                                                    {{1.0F, 0.93F, 0.87F, 1.07F}, 0},
                                                    {{1.0F, 0.93F, 0.87F, 1.07F}, 1},
                                                    {{1.0F, 0.93F, 0.87F, 1.07F}, 2},
                                                    {{1.0F, 0.93F, 0.87F, 1.07F}, 4}};
            double before = INFINITY;
            for (const auto& effort : rising) {
                const double own = error(effort);
                EXPECT_LE(own, 1.0001 * before) << effort.scale_factors.size() << " " << effort.sweeps;
                before = own;
            }
        }
    }
}

TEST(QuantiseRows, ZeroTinyAndHugeRows) {
    const auto statistics = statistics_of(correlated_inputs(300, kColumns, 4), kColumns);
    const auto values = random_matrix(1, kColumns, 3);
    for (const auto& format : kFormats) {
        SCOPED_TRACE(told(format));
        std::vector<float> w;
        const std::vector<float> sizes = {0.0F, 1e-42F, 1e-9F, 1e-5F, 1.0F, 1e4F};
        for (const float size : sizes)
            for (const float value : values)
                w.push_back(size * value);
        const auto rows = quantise_rows(format, {{1.0F, 0.9F}, 2}, statistics, w.data(),
                                        static_cast<int64_t>(sizes.size()));
        expect_storable(rows, format, kColumns);
        EXPECT_TRUE(std::isfinite(rows.squared_error));
        EXPECT_LT(rows.squared_error, 0.1 * rows.squared_values);
        for (int64_t i = 0; i < kColumns; ++i)
            ASSERT_EQ(rows.codes[static_cast<size_t>(i)], 0);
    }
}

}  // namespace
}  // namespace ovenbird
