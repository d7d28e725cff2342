#include "cmd/bench_table.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

TEST(Bench, MediansOverRoundsAndPercentileOverTokens) {
    const std::vector<Timing> timings{{50, {10, 10, 40}}, {100, {20, 20, 20}}, {80, {10, 10, 10}}};
    const auto figures = figures_of(160, timings);
    EXPECT_DOUBLE_EQ(figures.ttft_ms, 80);
    EXPECT_DOUBLE_EQ(figures.prefill_tokens_per_s, 2000);
    EXPECT_DOUBLE_EQ(figures.token_ms, 10);
    EXPECT_DOUBLE_EQ(figures.token_ms_p95, 40);
    EXPECT_DOUBLE_EQ(figures.decode_tokens_per_s, 50);  // means of 20, 20 and 10 ms
}

TEST(Bench, OneTokenHasNoDecoding) {
    const auto figures = figures_of(8, {{50, {}}});
    EXPECT_DOUBLE_EQ(figures.ttft_ms, 50);
    EXPECT_DOUBLE_EQ(figures.decode_tokens_per_s, 0);
}

}  // namespace
}  // namespace ovenbird
