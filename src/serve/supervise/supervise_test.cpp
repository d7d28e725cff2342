#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/test_folder.hpp"
#include "serve/supervise/model_host.hpp"
#include "serve/supervise/test_worker.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

constexpr const char* kWhole = "aaabbbcccaaabbbcccaaabbb";

class Listener : public AnswerListener {
public:
    bool goes_on() override { return goes_on_; }
    void hear(const Event& event) override {
        if (throws) throw std::runtime_error("the listener cannot");
        if (std::holds_alternative<PromptEvent>(event)) ++prompts;
        if (const auto* piece = std::get_if<PieceEvent>(&event)) text += piece->text;
        if (text.size() >= stop_behind) goes_on_ = false;
    }
    std::string text;
    int prompts = 0;
    bool throws = false;
    size_t stop_behind = 1000;
    std::atomic<bool> goes_on_ = true;
};

class SuperviseTest : public testing::Test {
protected:
    std::unique_ptr<ModelHost> host(const std::string& fault, int at = 3,
                                    std::vector<std::string> devices = {"NPU", "CPU"}) {
        HostOptions options;
        options.worker = scripted_worker(folder_ / "state", fault, at);
        options.limits.step.least = milliseconds(2000);
        options.limits.text = milliseconds(1000);
        options.limits.step.unknown = milliseconds(20000);
        options.limits.memory_bytes = uint64_t{200} << 20;
        options.log = [this](const std::string& text) {
            const std::lock_guard lock(mutex_);
            log_ += text + "\n";
        };
        Load load;
        load.folder = "model";
        load.how.devices = std::move(devices);
        return std::make_unique<ModelHost>(load, options);
    }
    std::string log() {
        const std::lock_guard lock(mutex_);
        return log_;
    }
    size_t workers_so_far() { return read_file(folder_ / "state").size(); }

    TestFolder folder_;
    std::mutex mutex_;
    std::string log_;
};

TEST_F(SuperviseTest, AnAnswerComesWhole) {
    auto model = host("none");
    Listener listener;
    const DoneEvent done = model->answer({}, listener);
    EXPECT_EQ(listener.text, kWhole);
    EXPECT_EQ(done.reason, FinishReason::stop);
    EXPECT_EQ(model->status().facts->device, "NPU");
    EXPECT_EQ(model->text({{"do", order::kEncode}, {"text", "x"}}, listener).ids,
              (std::vector<int64_t>{1, 2}));
}

class Faults : public SuperviseTest, public testing::WithParamInterface<const char*> {};
TEST_P(Faults, AreMendedAndTheTextIsTheSame) {
    for (const int at : {0, 3, 7}) {
        remove_tree(folder_ / "state");
        auto model = host(GetParam(), at);
        Listener listener;
        model->answer({}, listener);
        EXPECT_EQ(listener.text, kWhole);
        EXPECT_EQ(listener.prompts, 1);
        EXPECT_EQ(workers_so_far(), 2U);
        EXPECT_EQ(model->status().faults, 1) << log();
        Listener second;
        model->answer({}, second);
        EXPECT_EQ(second.text, kWhole);
    }
}
INSTANTIATE_TEST_SUITE_P(Kinds, Faults,
                         testing::Values("segfault", "hang", "garbage", "nonsense", "lost", "exit", "memory",
                                         "chatter"));

TEST_F(SuperviseTest, WhatOneAnswerLeavesOverIsNotTakenForTheNext) {
    auto model = host("says more");
    for (int i = 0; i < 3; ++i) {
        Listener listener;
        model->answer({}, listener);
        EXPECT_EQ(listener.text, kWhole);
    }
    EXPECT_EQ(model->status().faults, 1);
    EXPECT_NE(log().find("not asked"), std::string::npos);
}

TEST_F(SuperviseTest, WhatAListenerThrowsEndsItsOwnAnswerAlone) {
    auto model = host("none");
    Listener thrower;
    thrower.throws = true;
    EXPECT_THROW(model->answer({}, thrower), std::runtime_error);
    Listener listener;
    model->answer({}, listener);
    EXPECT_EQ(listener.text, kWhole);
    EXPECT_EQ(model->status().faults, 0);
}

TEST_F(SuperviseTest, ALongTextMayTakeLongToRead) {
    auto model = host("reads slowly");
    Listener first;
    model->answer({}, first);
    Ask ask;
    ask.text = std::string(2 << 20, 'a');
    Listener second;
    model->answer(ask, second);
    EXPECT_EQ(second.text, kWhole);
    EXPECT_EQ(model->status().faults, 0);
}

TEST_F(SuperviseTest, TheEndDoesNotWaitForAModelThatIsOpenedAgain) {
    auto model = host("slow later");
    Listener listener;
    model->load(listener);
    end_process_at_once(model->status().process);
    for (int tries = 0; tries < 200 && workers_so_far() < 2; ++tries)
        std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(workers_so_far(), 2U);
    const auto start = std::chrono::steady_clock::now();
    model.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(SuperviseTest, AgainAndAgainTheNextDeviceIsTakenAndSaidSo) {
    auto model = host("always segfault");
    Listener listener;
    error_of(ErrorCode::device, [&] { model->answer({}, listener); });
    ASSERT_TRUE(model->status().facts);
    EXPECT_EQ(model->status().facts->device, "CPU");
    ASSERT_EQ(model->status().facts->fallbacks.size(), 1U);
    EXPECT_NE(model->status().facts->fallbacks[0].find("NPU: given up after 2 faults"), std::string::npos);
    EXPECT_TRUE(log().find("signal 11") != std::string::npos ||
                log().find("access violation") != std::string::npos)
        << log();
    EXPECT_EQ(listener.text, "aaabbbccc");  // what had come stays
}

TEST_F(SuperviseTest, AModelThatCannotBeOpenedIsAnErrorAtOnce) {
    auto model = host("refuses");
    Listener listener;
    EXPECT_NE(error_of(ErrorCode::device, [&] { model->answer({}, listener); }).find("no device takes it"),
              std::string::npos);
    EXPECT_EQ(workers_so_far(), 1U);
}

TEST_F(SuperviseTest, ADeathAtTheStartIsTriedAgain) {
    auto model = host("dies at start", 1);
    Listener listener;
    model->answer({}, listener);
    EXPECT_EQ(listener.text, kWhole);
    EXPECT_EQ(workers_so_far(), 2U);
}

TEST_F(SuperviseTest, AWrongRequestIsNoFault) {
    auto model = host("long", 0);
    Listener listener;
    error_of(ErrorCode::usage, [&] { model->answer({}, listener); });
    EXPECT_EQ(workers_so_far(), 1U);
    EXPECT_EQ(model->status().faults, 0);
    EXPECT_EQ(model->status().state, HostStatus::State::ready);
}

TEST_F(SuperviseTest, WhoeverGoesInTheQueueLetsTheOthersPass) {
    auto model = host("none");
    std::vector<std::thread> threads;
    std::vector<Listener> listeners(6);
    for (size_t i = 0; i < listeners.size(); ++i) {
        if (i % 2 == 1) listeners[i].goes_on_ = false;
        threads.emplace_back([&, i] { model->answer({}, listeners[i]); });
    }
    for (auto& thread : threads)
        thread.join();
    for (size_t i = 0; i < listeners.size(); i += 2)
        EXPECT_EQ(listeners[i].text, kWhole);
}

TEST_F(SuperviseTest, AnIdleWorkerThatDiesIsStartedAgain) {
    auto model = host("none");
    Listener listener;
    model->load(listener);
    const int64_t first = model->status().process;
    ASSERT_GT(first, 0);
    end_process_at_once(first);
    for (int tries = 0; tries < 200 && model->status().process == first; ++tries)
        std::this_thread::sleep_for(milliseconds(50));
    EXPECT_NE(model->status().process, first);
    EXPECT_EQ(model->status().faults, 1);
}

TEST_F(SuperviseTest, AnIdleModelIsUnloadedWhenItsTimeIsOver) {
    auto model = host("none");
    Listener listener;
    model->load(listener);
    EXPECT_EQ(model->status().state, HostStatus::State::ready);
    model->set_keep_alive(std::chrono::seconds(0));
    for (int tries = 0; tries < 200 && model->status().state != HostStatus::State::unloaded; ++tries)
        std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(model->status().state, HostStatus::State::unloaded);
    model->answer({}, listener);
    EXPECT_EQ(listener.text, kWhole);
}

TEST(Pace, FollowsWhatAStepShouldTake) {
    const PaceLimits limits{milliseconds(100'000), milliseconds(1000)};
    Pace pace;
    EXPECT_EQ(pace.limit(1, false, limits), limits.unknown);
    pace.note(1, milliseconds(100));
    EXPECT_EQ(pace.limit(1, false, limits), milliseconds(2000));
    EXPECT_EQ(pace.limit(1, true, limits), milliseconds(8000));
    EXPECT_EQ(pace.limit(1000, false, limits), limits.unknown);
    pace.note(500, milliseconds(1000));  // 2 ms a token
    EXPECT_EQ(pace.limit(1000, false, limits), milliseconds(16'000));
    EXPECT_EQ(pace.limit(1'000'000, false, limits), milliseconds(16'384));
    EXPECT_EQ(pace.limit(1, false, limits), milliseconds(2000));
    Pace fast;
    fast.note(100, milliseconds(1));
    EXPECT_EQ(fast.limit(1, false, limits), limits.least);
    fast.note(0, milliseconds(1000));
    fast.note(-5, milliseconds(1000));
    EXPECT_EQ(fast.limit(1, false, limits), limits.least);
    fast.note(1, std::chrono::hours(1000));
    EXPECT_EQ(fast.limit(1, true, limits), limits.unknown);
}

TEST(Turns, AFullQueueSaysSo) {
    Turns turns;
    EXPECT_FALSE(turns.is_full(0));
    const auto first = turns.try_now();
    ASSERT_TRUE(first);
    EXPECT_TRUE(turns.is_full(0));
    EXPECT_FALSE(turns.is_full(1));
    EXPECT_FALSE(turns.try_now());
    EXPECT_FALSE(turns.wait(0, [] { return true; }));
}

TEST(Turns, WhoeverThrowsLetsTheOthersPass) {
    Turns turns;
    {
        const auto held = turns.try_now();
        EXPECT_THROW(turns.wait(10, []() -> bool { throw std::runtime_error("gone"); }), std::runtime_error);
        EXPECT_EQ(turns.waiting(), 0U);
    }
    EXPECT_TRUE(turns.try_now());
}

TEST(Turns, ComeInTheOrderOfTheirComing) {
    Turns turns;
    std::vector<int> order;
    std::vector<std::thread> threads;
    {
        auto held = turns.try_now();
        for (int i = 0; i < 5; ++i) {
            threads.emplace_back([&, i] {
                const auto turn = turns.wait(10, [] { return true; });
                order.push_back(i);
            });
            while (turns.waiting() != static_cast<size_t>(i) + 1)
                std::this_thread::yield();
        }
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace ovenbird
