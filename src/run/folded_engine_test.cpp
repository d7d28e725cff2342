#include "run/folded_engine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "run/test_allocations.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kLayers = 32;
constexpr int64_t kHidden = 4096;
constexpr int64_t kContext = 1024;
constexpr int64_t kVocabulary = 32000;
constexpr size_t kWeightBytes = 64;  // of a layer: its numbers are no one's business here

// Graphs of Mistral 7B's shapes that compute nothing, but note what they were given.
class ScriptedRunner : public GraphRunner {
public:
    struct Script {
        std::vector<std::pair<std::string, CallTensors>> prepared;
        std::vector<size_t> called;  // indices of prepared, where they are recorded
        bool record = true;
        std::function<void(const std::string&, const CallTensors&)> on_call;
    };
    explicit ScriptedRunner(Script& script) : script_(script) { script_.called.reserve(4096); }

    const std::string& device() const override { return device_; }

    const NamedPorts& ports(const std::string& file) override {
        auto& ports = ports_[file];
        if (!ports.empty()) return ports;
        const bool prefill = file.starts_with("prefill");
        const int64_t tokens = prefill ? 128 : 1;
        const int64_t past = prefill ? kContext - 128 : kContext - 1;
        if (file.ends_with("before")) {
            ports["attention_mask"] = {"", ElementType::i64, {1, past + tokens}};
            ports["position_ids"] = {"", ElementType::i64, {1, tokens}};
            ports["shared.0"] = {"", ElementType::f32, {1, 1, 4 * tokens, past + tokens}};
        } else if (file == "head") {
            ports["hidden"] = {"", ElementType::f32, {1, 1, kHidden}};
            ports["logits"] = {"", ElementType::f32, {1, 1, kVocabulary}};
            ports["weights.0"] = {"", ElementType::u8, {kWeightBytes}};
        } else {
            ports["hidden"] = ports["next_hidden"] = {"", ElementType::f32, {1, tokens, kHidden}};
            ports["shared.0"] = {"", ElementType::f32, {1, 1, 4 * tokens, past + tokens}};
            ports["weights.0"] = {"", ElementType::u8, {kWeightBytes}};
            for (const char* part : {"0", "1"}) {
                ports[std::string("past.") + part] = {"", ElementType::f16, {1, 8, past, 128}};
                ports[std::string("present.") + part] = {"", ElementType::f16, {1, 8, tokens, 128}};
            }
        }
        return ports;
    }

    std::function<void()> prepare(const std::string& file, Place, const CallTensors& tensors) override {
        script_.prepared.emplace_back(file, tensors);
        return [this, index = script_.prepared.size() - 1] {
            if (script_.record) script_.called.push_back(index);
            const auto& [name, given] = script_.prepared[index];
            if (script_.on_call) script_.on_call(name, given);
        };
    }

    Tensor allocate(ElementType type, const Shape& shape) override {
        Tensor tensor(type, shape);
        std::memset(tensor.data(), 0, tensor.bytes());
        return tensor;
    }

    Tensor weights(ElementType type, const Shape& shape, std::span<const std::byte> bytes) override {
        return {type, shape, const_cast<std::byte*>(bytes.data())};
    }

private:
    Script& script_;
    std::string device_ = "SCRIPT";
    std::map<std::string, NamedPorts> ports_;
};

Manifest mistral() {
    Manifest manifest;
    manifest.context = kContext;
    auto& form = manifest.folded;
    form.steps = {{"prefill", 128, kContext - 128, kContext, false, "prefill_before", {"prefill"}, "head"},
                  {"decode", 1, kContext - 1, kContext, false, "decode_before", {"decode"}, "head"}};
    for (int64_t layer = 0; layer < kLayers; ++layer) {
        const auto offset = static_cast<uint64_t>(layer) * kWeightBytes;
        form.layers.push_back({0,
                               {"shared.0"},
                               {fmt::format("{}.key", layer), fmt::format("{}.value", layer)},
                               {{"weights.0", {offset, kWeightBytes}}}});
    }
    form.head_weights = {{"weights.0", {kLayers * kWeightBytes, kWeightBytes}}};
    return manifest;
}

class FoldedEngineTest : public testing::Test {
protected:
    FoldedEngineTest() {
        write_file(folder_.path() / "weights.bin", std::string((kLayers + 1) * kWeightBytes, 'w'));
        file_ = MappedFile::open(folder_.path() / "weights.bin");
    }
    FoldedEngine engine(const Manifest& manifest) {
        return {manifest, std::make_unique<ScriptedRunner>(script_), file_, 0};
    }
    TestFolder folder_;
    std::shared_ptr<const MappedFile> file_;
    ScriptedRunner::Script script_;
};

TEST_F(FoldedEngineTest, LayersAreChainedAndReadTheMappedWeights) {
    auto folded = engine(mistral());
    (void)folded.next_logits(std::vector<int64_t>{7});
    ASSERT_EQ(script_.called.size(), 3U + kLayers);  // the tokens' rows, what layers share, layers, the head
    const float* written = nullptr;
    for (int64_t layer = 0; layer < kLayers; ++layer) {
        const auto& [file, tensors] = script_.prepared[script_.called[static_cast<size_t>(2 + layer)]];
        EXPECT_EQ(file, "decode");
        const auto* hidden = tensors.at("hidden").data<float>();
        EXPECT_TRUE(layer == 0 || hidden == written) << layer;  // no copy between layers
        written = tensors.at("next_hidden").data<float>();
        EXPECT_NE(hidden, written);
        EXPECT_EQ(static_cast<const std::byte*>(tensors.at("weights.0").data()),
                  file_->bytes().data() + static_cast<size_t>(layer) * kWeightBytes);
    }
}

TEST_F(FoldedEngineTest, NewKeysAndValuesGoBehindTheKeptOnes) {
    float number = 0;
    script_.on_call = [&](const std::string& file, const CallTensors& tensors) {
        if (file != "decode" && file != "prefill") return;
        Tensor fresh = tensors.at("present.1");
        std::fill_n(fresh.data<Half>(), fresh.size(), Half(++number));
    };
    auto folded = engine(mistral());
    std::vector<int64_t> ids(950, 3);
    (void)folded.next_logits(ids);  // seven chunks and 54 tokens, which are computed behind 896 in one more
    EXPECT_EQ(number, 8 * kLayers);
    ids.push_back(4);
    (void)folded.next_logits(ids);
    const auto& [file, tensors] =
        script_.prepared[script_.called.back() - 1];  // the last layer before the head
    const auto* values = tensors.at("past.1").data<Half>();
    for (size_t head = 0; head < 8; ++head) {
        const auto* rows = values + head * (kContext - 1) * 128;
        EXPECT_EQ(static_cast<float>(rows[0]), kLayers) << head;              // the first chunk, last layer
        EXPECT_EQ(static_cast<float>(rows[949 * 128]), 8 * kLayers) << head;  // the last chunk
        EXPECT_EQ(static_cast<float>(rows[950 * 128]), 9 * kLayers) << head;  // the token
    }
}

// What the host itself does for a token: printed, and held to one thing that does not depend on the machine.
TEST_F(FoldedEngineTest, AStepAllocatesNothing) {
    auto folded = engine(mistral());
    std::vector<int64_t> ids(512, 3);
    ids.reserve(kContext);
    (void)folded.next_logits(ids);
    ids.push_back(5);
    (void)folded.next_logits(ids);
    script_.record = false;
    constexpr int kSteps = 400;
    const size_t before = allocation_count();
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < kSteps; ++step) {
        ids.push_back(5);
        (void)folded.next_logits(ids);
    }
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(allocation_count(), before);
    std::printf("host cost of a token, %ld layers of a 7B, inference apart: %.3f ms\n",
                static_cast<long>(kLayers), spent.count() / kSteps);
}

TEST_F(FoldedEngineTest, RangesOutsideTheWeightsAreRefused) {
    auto manifest = mistral();
    manifest.folded.layers[5].weights["weights.0"].offset = (kLayers + 1) * kWeightBytes - 8;
    EXPECT_THROW(engine(manifest), Error);
    manifest = mistral();
    manifest.folded.layers.clear();
    EXPECT_THROW(engine(manifest), Error);
}

}  // namespace
}  // namespace ovenbird
