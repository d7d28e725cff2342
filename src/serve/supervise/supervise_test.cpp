#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "base/test_folder.hpp"
#include "serve/supervise/model_host.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

// A worker without a model: answers with one token after the other, each three letters, and breaks down as
// its script says. `state` is a file that counts the workers so far.
constexpr const char* kWorker = R"(
import json, os, signal, struct, sys, time
def take(count):
    data = b''
    while len(data) < count:
        part = os.read(0, count - len(data))
        if not part: os._exit(0)
        data += part
    return data
number = 0
def receive():
    global number
    order = json.loads(take(struct.unpack('<I', take(4))[0]))
    number = order.get('number', number)
    return order
def send(event):
    data = json.dumps({**event, 'number': number}).encode()
    os.write(0, struct.pack('<I', len(data)) + data)
state, fault, at = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(state, 'a') as file: file.write('x')
life = os.path.getsize(state)
load = receive()['load']
device = load['devices'][0]
if fault == 'refuses': send({'is': 'error', 'code': 6, 'message': 'no device takes it'}); sys.exit(1)
if fault == 'slow later' and life > 1: time.sleep(60)
if fault == 'dies at start' and life <= at: os.kill(os.getpid(), signal.SIGSEGV)
send({'is': 'ready', 'device': device, 'fallbacks': [], 'notes': [], 'context_tokens': 100, 'vocab_size': 10, 'has_template': True,
      'thinks': False, 'tool_format': '', 'special_marks': {}, 'input_shapes': '', 'cache_bytes': 0, 'load_s': 0.1,
      'defaults': {'temperature': 0, 'top_k': 0, 'top_p': 1, 'min_p': 0, 'repetition_penalty': 1}})
computed = 0
while True:
    order = receive()
    if order['do'] == 'encode': send({'is': 'text', 'ids': [1, 2], 'text': order['text']}); continue
    if order['do'] != 'ask': continue
    ask = order['ask']
    resumed = ask['resumed']
    if fault == 'reads slowly' and ask['text']: time.sleep(3)
    send({'is': 'prompt', 'prompt_tokens': 3, 'cached_tokens': 0, 'seed': ask['sampling'].get('seed', '0')})
    for token in range(len(resumed), 8):
        computed += 1
        send({'is': 'alive', 'computed_tokens': computed})
        bad = life == 1 or fault.startswith('always')
        if bad and token == at:
            if 'segfault' in fault: os.kill(os.getpid(), signal.SIGSEGV)
            if 'hang' in fault: time.sleep(60)
            if 'garbage' in fault: os.write(0, b'\xff' * 64); time.sleep(60)
            if 'nonsense' in fault: send({'is': 'nothing'}); time.sleep(60)
            while 'chatter' in fault: send({'is': 'alive', 'computed_tokens': computed})
            if 'lost' in fault: send({'is': 'error', 'code': 6, 'message': 'device lost'}); break
            if 'exit' in fault: sys.exit(0)
            if 'memory' in fault: waste = bytearray(300 << 20); time.sleep(60)
            if 'long' in fault: send({'is': 'error', 'code': 0, 'message': 'too long'}); break
        send({'is': 'piece', 'ids': [token], 'text': 'abc'[token % 3] * 3})
        time.sleep(0.01)
    else:
        send({'is': 'done', 'reason': 0, 'stop_string': '', 'prompt_tokens': 3, 'cached_tokens': 0, 'new_tokens': 8,
              'thinking_tokens': 0, 'first_token_ms': 1, 'total_ms': 2, 'seed': '0'})
        if fault == 'says more' and life == 1: send({'is': 'piece', 'ids': [9], 'text': 'of another'})
)";
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
        options.worker = {"python3", "-c", kWorker, (folder_ / "state").string(), fault, std::to_string(at)};
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
        EXPECT_EQ(model->status().faults, 1);
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
    ::kill(static_cast<pid_t>(model->status().process), SIGKILL);
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
    EXPECT_NE(log().find("signal 11"), std::string::npos);
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
    ::kill(static_cast<pid_t>(first), SIGKILL);
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
