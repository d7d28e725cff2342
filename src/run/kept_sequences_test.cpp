#include "run/kept_sequences.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

// Keeps the tokens themselves as its keys and values, and says which it computed.
class CopyingEngine : public Engine {
public:
    CopyingEngine() { describe({.window_tokens = 4096, .vocab_size = 10, .device = "SCRIPT"}); }

    int64_t compute_all(const std::vector<int64_t>& ids) {
        const int64_t before = computed_tokens();
        (void)next_logits(ids);
        EXPECT_EQ(cache_, ids);
        return computed_tokens() - before;
    }

private:
    Progress compute(const Request& request) override {
        cache_.resize(static_cast<size_t>(request.kept));
        cache_.insert(cache_.end(), request.ids.begin() + request.kept, request.ids.end());
        const auto count = static_cast<int64_t>(request.ids.size());
        return {request.kept, count, count, logits_};
    }
    std::vector<std::vector<std::byte>> copy_cache(int64_t tokens) override {
        std::vector<std::byte> bytes(static_cast<size_t>(tokens) * sizeof(int64_t));
        std::memcpy(bytes.data(), cache_.data(), bytes.size());
        return {bytes};
    }
    void restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) override {
        cache_.resize(static_cast<size_t>(tokens));
        std::memcpy(cache_.data(), parts.at(0).data(), parts.at(0).size());
    }
    std::vector<int64_t> cache_;
    std::vector<float> logits_ = std::vector<float>(10);
};

std::vector<int64_t> run_of(int64_t first, size_t count) {
    std::vector<int64_t> ids(count);
    for (size_t i = 0; i < count; ++i)
        ids[i] = (first + static_cast<int64_t>(i)) % 10;
    return ids;
}

std::vector<int64_t> joined(std::vector<int64_t> a, const std::vector<int64_t>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

struct Talk {
    CopyingEngine engine;
    KeptSequences kept{uint64_t{1} << 20};
    int64_t say(const std::vector<int64_t>& ids) {
        kept.prepare(engine, ids);
        return engine.compute_all(ids);
    }
};

TEST(KeptSequences, TwoConversationsInTurnCostTheirNewTokensOnly) {
    Talk talk;
    auto one = run_of(0, 600);
    auto two = run_of(5, 500);
    EXPECT_EQ(talk.say(one), 600);
    EXPECT_EQ(talk.say(two), 500);
    for (int turn = 0; turn < 5; ++turn) {
        one = joined(one, run_of(turn, 20));
        two = joined(two, run_of(turn, 30));
        EXPECT_EQ(talk.say(one), 20);
        EXPECT_EQ(talk.say(two), 30);
    }
    EXPECT_EQ(talk.kept.count(), 1U);
}

TEST(KeptSequences, ASharedBeginningServesConversationsThatBeginAlike) {
    Talk talk;
    const auto system = run_of(0, 300);
    EXPECT_EQ(talk.say(joined(system, run_of(3, 100))), 400);
    EXPECT_EQ(talk.say(joined(system, run_of(4, 100))), 100);
    EXPECT_EQ(talk.say(joined(system, run_of(5, 100))), 100);
    // Each goes on with all of its own.
    EXPECT_EQ(talk.say(joined(joined(system, run_of(3, 100)), run_of(1, 9))), 9);
    EXPECT_EQ(talk.say(joined(joined(system, run_of(4, 100)), run_of(1, 9))), 9);
    EXPECT_EQ(talk.say(joined(joined(system, run_of(5, 100)), run_of(1, 9))), 9);
}

TEST(KeptSequences, BytesAreBounded) {
    CopyingEngine engine;
    KeptSequences kept(100 * 1024);
    for (int64_t first = 0; first < 10; ++first) {
        const auto ids = run_of(first, 1500);
        kept.prepare(engine, ids);
        engine.compute_all(ids);
        EXPECT_LE(kept.bytes(), 100U * 1024);
    }
    EXPECT_EQ(kept.count(), 4U);
    KeptSequences none(0);
    none.prepare(engine, run_of(1, 100));
    EXPECT_EQ(none.count(), 0U);
}

TEST(KeptSequences, WhatIsShortIsComputedAgain) {
    Talk talk;
    EXPECT_EQ(talk.say(run_of(0, 20)), 20);
    EXPECT_EQ(talk.say(run_of(5, 20)), 20);
    EXPECT_EQ(talk.kept.count(), 0U);
}

// Any mixture of conversations: what is computed is never more than without, and always right.
TEST(KeptSequences, AnyOrderIsRight) {
    Talk talk;
    std::vector<std::vector<int64_t>> talks;
    for (int64_t i = 0; i < 6; ++i)
        talks.push_back(joined(run_of(i % 2, 200), run_of(i, 50)));
    uint32_t random = 1;
    for (int turn = 0; turn < 300; ++turn) {
        random = random * 1664525 + 1013904223;
        auto& next = talks[(random >> 16U) % talks.size()];
        if (next.size() < 3000) next = joined(next, run_of(random % 10, 1 + (random >> 8U) % 90));
        EXPECT_LE(talk.say(next), static_cast<int64_t>(next.size()));
        EXPECT_LE(talk.kept.bytes(), uint64_t{1} << 20);
    }
}

}  // namespace
}  // namespace ovenbird
