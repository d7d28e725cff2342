#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/test_folder.hpp"
#include "serve/supervise/model_host.hpp"
#include "serve/supervise/test_worker.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

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
        options.worker = scripted_worker(folder_ / "state", fault, at);
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
INSTANTIATE_TEST_SUITE_P(Kinds, EmbedFaults, testing::Values("killed", "hang", "hung opening", "no numbers"));

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
    error_of(ErrorCode::usage, [&] { host("long", 0).embed(four_inputs(), listener); });
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
