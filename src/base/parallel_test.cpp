#include "base/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ovenbird {
namespace {

TEST(Parallel, CallsEveryIndexOnce) {
    for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{1000}}) {
        std::vector<std::atomic<int>> calls(count);
        parallel_for(count, [&](size_t i) { ++calls[i]; });
        for (const auto& times : calls)
            EXPECT_EQ(times, 1);
    }
}

TEST(Parallel, TheFirstExceptionStopsTheRestAndComesBack) {
    std::atomic<size_t> calls{0};
    const auto body = [&](size_t i) {
        ++calls;
        if (i == 3) throw std::runtime_error("the third");
    };
    try {
        parallel_for(1'000'000'000, body);
        FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "the third");
    }
    EXPECT_LT(calls, 1'000'000'000U);
}

TEST(Parallel, TicksComeFromTheCallingThreadAndGrowToTheCount) {
    const auto caller = std::this_thread::get_id();
    std::vector<size_t> ticks;
    const auto slow = [](size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(60)); };
    parallel_for(4 * worker_count(), slow, [&](size_t done) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        EXPECT_GE(done, ticks.empty() ? 0 : ticks.back());
        ticks.push_back(done);
    });
    ASSERT_GE(ticks.size(), 2U);
    EXPECT_EQ(ticks.back(), 4 * worker_count());
}

TEST(Parallel, ATickThatThrowsCancels) {
    std::atomic<size_t> calls{0};
    const auto body = [&](size_t) {
        ++calls;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    const auto cancel = [](size_t) { throw std::logic_error("cancelled"); };
    EXPECT_THROW(parallel_for(1'000'000, body, cancel), std::logic_error);
    EXPECT_LT(calls, 1'000'000U);
}

TEST(Parallel, LoopsMayLieInsideEachOther) {
    std::atomic<size_t> calls{0};
    parallel_for(4, [&](size_t) { parallel_for(5, [&](size_t) { ++calls; }); });
    EXPECT_EQ(calls, 20U);
}

}  // namespace
}  // namespace ovenbird
