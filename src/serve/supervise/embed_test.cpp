#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/test_folder.hpp"
#include "serve/supervise/model_host.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

// A worker without a model: an input's vector is its place and the worker's number. The first worker breaks
// down before the input `at`, as its script says; one that opens a graph takes its time.
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
device = receive()['load']['devices'][0]
def ready(device): send({'is': 'ready', 'device': device, 'fallbacks': [], 'notes': [], 'context_tokens': 100, 'vocab_size': 10, 'embedding_length': 2,
      'has_template': False, 'thinks': False, 'tool_format': '', 'special_marks': {}, 'input_shapes': '', 'cache_bytes': 0, 'load_s': 0.1,
      'defaults': {'temperature': 0, 'top_k': 0, 'top_p': 1, 'min_p': 0, 'repetition_penalty': 1}})
ready(device)
computed = 0
while True:
    order = receive()
    if order['do'] == 'cancel': send({'is': 'done', **end, 'reason': 2}); continue
    if order['do'] != 'embed': continue
    ask = order['embed']
    end = {'stop_string': '', 'prompt_tokens': 3, 'cached_tokens': 0, 'new_tokens': 0, 'thinking_tokens': 0,
           'first_token_ms': 1, 'total_ms': 2, 'seed': '0'}
    if fault == 'too long': send({'is': 'error', 'code': 0, 'message': 'too long'}); continue
    waits = False
    for place in range(ask['first'], len(ask['inputs'])):
        send({'is': 'prompt', 'prompt_tokens': 64, 'cached_tokens': 0, 'seed': '0'})
        if place == at and (life == 1 or 'always' in fault):
            if 'killed' in fault: os.kill(os.getpid(), signal.SIGKILL)
            if 'hangs' in fault: time.sleep(60)
            if 'hung opening' in fault: send({'is': 'opening', 'done': False}); time.sleep(60)
            if 'no numbers' in fault: send({'is': 'vector', 'values': [None], 'tokens': 1}); time.sleep(60)
            if 'moves' in fault: ready('CPU')
            if 'waits' in fault: waits = True; break
            if 'opens' in fault:
                send({'is': 'opening', 'done': False}); time.sleep(3); send({'is': 'opening', 'done': True})
        computed += 64
        send({'is': 'alive', 'computed_tokens': computed})
        send({'is': 'vector', 'values': [place, life], 'tokens': 1})
    if not waits: send({'is': 'done', 'reason': 0, **end})
)";

class Listener : public AnswerListener {
public:
    bool goes_on() override { return vectors.size() < leave_behind; }
    void hear(const Event& event) override { vectors.push_back(std::get<VectorEvent>(event).values); }
    std::vector<std::vector<float>> vectors;
    size_t leave_behind = 1000;
};

class EmbedHost : public testing::Test {
protected:
    ModelHost& host(const std::string& fault, int at = 2) {
        HostOptions options;
        options.worker = {"python3", "-c", kWorker, (folder_ / "state").string(), fault, std::to_string(at)};
        options.limits.step = {milliseconds(2000), milliseconds(1000)};
        options.limits.text = milliseconds(1000);
        options.limits.load = milliseconds(6000);
        Load load;
        load.folder = "model";
        load.how.devices = {"NPU", "CPU"};
        return *(host_ = std::make_unique<ModelHost>(load, options));
    }
    size_t workers_so_far() { return read_file(folder_ / "state").size(); }

    TestFolder folder_;
    std::unique_ptr<ModelHost> host_;
};

EmbedAsk four_inputs() {
    EmbedAsk ask;
    ask.inputs = {{"a", {}}, {"b", {}}, {"", {7, 8}}, {"d", {}}};
    return ask;
}

using Vectors = std::vector<std::vector<float>>;

TEST_F(EmbedHost, EachInputHasItsVector) {
    Listener listener;
    EXPECT_EQ(host("none").embed(four_inputs(), listener).reason, FinishReason::stop);
    EXPECT_EQ(listener.vectors, (Vectors{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
    EXPECT_EQ(host_->status().facts.value_or(ModelFacts()).embedding_length, 2);
}

class EmbedFaults : public EmbedHost, public testing::WithParamInterface<const char*> {};
TEST_P(EmbedFaults, TheInputIsAskedAgainAndThoseBeforeItAreNot) {
    Listener listener;
    EXPECT_EQ(host(GetParam()).embed(four_inputs(), listener).reason, FinishReason::stop);
    EXPECT_EQ(listener.vectors, (Vectors{{0, 1}, {1, 1}, {2, 2}, {3, 2}}));
    EXPECT_EQ(workers_so_far(), 2U);
    EXPECT_EQ(host_->status().faults, 1);
}
INSTANTIATE_TEST_SUITE_P(Kinds, EmbedFaults,
                         testing::Values("killed", "hangs", "hung opening", "no numbers"));

TEST_F(EmbedHost, AGraphMayTakeLongToOpen) {
    Listener listener;
    host("opens").embed(four_inputs(), listener);
    EXPECT_EQ(listener.vectors.size(), 4U);
    EXPECT_EQ(host_->status().faults, 0);
}

TEST_F(EmbedHost, AnotherDeviceIsKnownAtOnce) {
    Listener listener;
    host("moves").embed(four_inputs(), listener);
    EXPECT_EQ(listener.vectors.size(), 4U);
    EXPECT_EQ(host_->status().facts.value_or(ModelFacts()).device, "CPU");
    EXPECT_EQ(host_->status().faults, 0);
}

TEST_F(EmbedHost, AgainAndAgainTheNextDeviceIsTaken) {
    Listener listener;
    error_of(ErrorCode::device, [&] { host("always killed").embed(four_inputs(), listener); });
    EXPECT_EQ(workers_so_far(), 4U);
    EXPECT_EQ(host_->status().facts.value_or(ModelFacts()).device, "CPU");
}

TEST_F(EmbedHost, AWrongRequestIsNoFault) {
    Listener listener;
    error_of(ErrorCode::usage, [&] { host("too long").embed(four_inputs(), listener); });
    EXPECT_EQ(host_->status().faults, 0);
}

TEST_F(EmbedHost, WhoeverGoesEndsIt) {
    Listener listener;
    listener.leave_behind = 2;
    EXPECT_EQ(host("waits").embed(four_inputs(), listener).reason, FinishReason::interrupted);
    EXPECT_EQ(listener.vectors.size(), 2U);
    EXPECT_EQ(host_->status().faults, 0);
}

}  // namespace
}  // namespace ovenbird
