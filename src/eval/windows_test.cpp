#include "eval/windows.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

const Sequence kIds{10, 11, 12, 13, 14};

TEST(Windows, EachFromItsOwnStart) {
    const auto text = cut_windows(kIds, {}, 3, 100);
    EXPECT_EQ(text.windows, (std::vector<Sequence>{{10, 11, 12}, {13, 14}}));
    EXPECT_EQ(text.text_tokens, 5);
    EXPECT_EQ(text.scored_tokens(), 3);
}

TEST(Windows, TheirFirstTokenIsBos) {
    const auto text = cut_windows(kIds, {1}, 3, 100);
    EXPECT_EQ(text.windows, (std::vector<Sequence>{{1, 10, 11}, {1, 12, 13}, {1, 14}}));
    EXPECT_EQ(text.scored_tokens(), 5);
}

TEST(Windows, ATokenAloneAtTheEndIsLeftOut) {
    const auto text = cut_windows(kIds, {}, 2, 100);
    EXPECT_EQ(text.windows, (std::vector<Sequence>{{10, 11}, {12, 13}}));
    EXPECT_EQ(text.text_tokens, 4);
}

TEST(Windows, ATextShorterThanAWindow) {
    EXPECT_EQ(cut_windows(kIds, {}, 256, 100).windows, (std::vector<Sequence>{kIds}));
    EXPECT_EQ(cut_windows(kIds, {}, 5, 100).windows, (std::vector<Sequence>{kIds}));
}

TEST(Windows, AtMostSoManyTokens) {
    EXPECT_EQ(cut_windows(kIds, {}, 256, 3).windows, (std::vector<Sequence>{{10, 11, 12}}));
    EXPECT_EQ(cut_windows(kIds, {}, 2, 4).windows.size(), 2U);
}

TEST(Windows, ASingleTokenNeedsBos) {
    EXPECT_EQ(cut_windows({10}, {1}, 256, 100).windows, (std::vector<Sequence>{{1, 10}}));
    error_of(ErrorCode::invalid_input, [] { cut_windows({10}, {}, 256, 100); });
    error_of(ErrorCode::invalid_input, [] { cut_windows(kIds, {}, 256, 1); });
}

TEST(Windows, NoTextIsAnError) {
    error_of(ErrorCode::invalid_input, [] { cut_windows({}, {}, 256, 100); });
    error_of(ErrorCode::invalid_input, [] { cut_windows({}, {1}, 256, 100); });
}

TEST(Windows, TooShortForAPrediction) {
    error_of(ErrorCode::usage, [] { cut_windows(kIds, {}, 1, 100); });
    error_of(ErrorCode::usage, [] { cut_windows(kIds, {1, 2}, 2, 100); });
}

}  // namespace
}  // namespace ovenbird
