#include "eval/padded_batches.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ovenbird {
namespace {

TEST(PaddedBatches, EveryLengthFindsAShape) {
    const std::vector<size_t> lengths{1, 256, 256, 130, 127, 64, 63, 3, 4000, 250, 20};
    std::set<size_t> seen;
    const auto sets = padded_batches(lengths);
    EXPECT_LE(sets.size(), 4U);
    for (const auto& set : sets) {
        EXPECT_TRUE(set.at_once == 1 || set.at_once * set.tokens <= kRowsOfCall);
        EXPECT_EQ(set.tokens, lengths[set.sequences.front()]);
        EXPECT_GE(set.calls() * set.at_once, set.sequences.size());
        for (const size_t sequence : set.sequences) {
            EXPECT_TRUE(seen.insert(sequence).second);
            EXPECT_LE(lengths[sequence], set.tokens);
        }
    }
    EXPECT_EQ(seen.size(), lengths.size());
}

TEST(PaddedBatches, EqualLengthsAreNotPadded) {
    const auto sets = padded_batches(std::vector<size_t>(20, 256));
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(sets[0].tokens, 256U);
    EXPECT_EQ(sets[0].at_once, 8U);
    EXPECT_EQ(sets[0].calls(), 3U);
}

TEST(PaddedBatches, NoSequencesNoShapes) {
    EXPECT_TRUE(padded_batches({}).empty());
}

}  // namespace
}  // namespace ovenbird
