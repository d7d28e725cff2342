#include "run/state_snapshots.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

StateSnapshots::Values values_of(int number) {
    return {std::vector<std::byte>{static_cast<std::byte>(number)}};
}

void run(StateSnapshots& states, int64_t tokens) {
    states.begin_run();
    states.end_run(tokens);
}

TEST(StateSnapshots, GoOnFromWhereTheStatesAre) {
    StateSnapshots states;
    EXPECT_EQ(states.resume_at(0), 0);
    run(states, 5);
    EXPECT_EQ(states.resume_at(5), 5);
    EXPECT_EQ(states.resume_at(9), 5);
    EXPECT_EQ(states.go_to(5), nullptr);
    EXPECT_EQ(states.at(), 5);
}

TEST(StateSnapshots, GoBackToTheLastCopyThatSawNothingElse) {
    StateSnapshots states;
    run(states, 5);
    states.keep(values_of(5), false);
    run(states, 9);
    states.keep(values_of(9), false);
    run(states, 12);
    EXPECT_EQ(states.resume_at(11), 9);
    EXPECT_EQ(states.resume_at(8), 5);
    EXPECT_EQ(states.resume_at(4), 0);
    const auto* copy = states.go_to(5);
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(*copy, values_of(5));
    run(states, 10);  // other tokens than before: the copy of 9 is no longer theirs
    EXPECT_EQ(states.resume_at(9), 5);
}

TEST(StateSnapshots, AnUnfinishedRunLeavesCopiesOnly) {
    StateSnapshots states;
    run(states, 3);
    states.keep(values_of(3), false);
    states.begin_run();
    EXPECT_FALSE(states.at().has_value());
    EXPECT_EQ(states.resume_at(3), 3);
    ASSERT_NE(states.go_to(3), nullptr);
    EXPECT_EQ(states.at(), 3);
}

TEST(StateSnapshots, DraftsDoNotPushOutThePrompts) {
    StateSnapshots states;
    run(states, 4);
    states.keep(values_of(4), false);
    for (int64_t tokens = 5; tokens < 50; ++tokens) {
        run(states, tokens);
        states.keep(values_of(static_cast<int>(tokens)), true);
    }
    EXPECT_EQ(states.resume_at(48), 4);
    EXPECT_EQ(states.resume_at(49), 49);
}

TEST(StateSnapshots, FewAreKept) {
    StateSnapshots states;
    for (int64_t tokens = 1; tokens < 50; ++tokens) {
        run(states, tokens);
        states.keep(values_of(static_cast<int>(tokens)), false);
    }
    EXPECT_EQ(states.resume_at(46), 0);
    EXPECT_EQ(states.resume_at(47), 47);
}

TEST(StateSnapshots, WhatWasPutBackHasNoCopies) {
    StateSnapshots states;
    run(states, 4);
    states.keep(values_of(4), false);
    states.replace(7);
    EXPECT_EQ(states.resume_at(7), 7);
    EXPECT_EQ(states.resume_at(6), 0);
}

}  // namespace
}  // namespace ovenbird
