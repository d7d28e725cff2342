// Every engine gives the logits of the loop without a cache, on every tiny checkpoint: sliding windows,
// grouped queries, biases, norms of queries and keys.

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "bake/bake.hpp"
#include "base/json.hpp"
#include "base/test_folder.hpp"
#include "run/dynamic_engine.hpp"
#include "run/open_engine.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kContext = 256;

std::vector<fs::path> tiny_checkpoints() {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(fs::path(OVENBIRD_TESTDATA) / "tiny"))
        if (fs::exists(entry.path() / "config.json")) folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    return folders;
}

DeviceOptions exact_cpu() {
    DeviceOptions options;
    options.devices = {"CPU"};
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"},
                          {"DYNAMIC_QUANTIZATION_GROUP_SIZE", "0"},
                          {"KV_CACHE_PRECISION", "f32"}};
    return options;
}

// The checkpoint, made for more positions than the goldens need.
fs::path with_positions(const fs::path& checkpoint, const fs::path& folder) {
    fs::copy(checkpoint, folder);
    std::ifstream stream(checkpoint / "config.json");
    Json config = Json::parse(stream);
    config["max_position_embeddings"] = kContext;
    std::ofstream(folder / "config.json") << config.dump();
    return folder;
}

std::vector<int64_t> random_tokens(size_t count, int64_t vocabulary) {
    std::mt19937 random(7);
    std::vector<int64_t> ids(count);
    for (auto& id : ids)
        id = static_cast<int64_t>(random() % static_cast<uint64_t>(vocabulary));
    return ids;
}

class Engines : public testing::TestWithParam<fs::path> {
protected:
    void SetUp() override {
        BakeOptions options;
        options.source = with_positions(GetParam(), folder_ / "source");
        options.output = folder_ / "baked";
        options.group_size = 16;
        options.seq_len = kContext;
        options.context = kContext;
        options.forward_check = false;
        SilentReporter reporter;
        manifest_ = bake(options, reporter);
        baked_ = options.output;
        window_ = open_stateless(baked_ / kModelXmlName, exact_cpu(), 0).engine;
    }

    void expect_same(Engine& engine, std::span<const int64_t> ids, int64_t rows, float tolerance) {
        const auto logits = engine.logits_after(ids, rows);
        const auto vocabulary = static_cast<size_t>(window_->vocab_size());
        ASSERT_EQ(logits.size(), vocabulary * static_cast<size_t>(rows));
        for (int64_t row = 0; row < rows; ++row) {
            const auto expected =
                window_->next_logits(ids.first(ids.size() - static_cast<size_t>(rows - 1 - row)));
            float worst = 0;
            for (size_t i = 0; i < vocabulary; ++i)
                worst = std::max(worst,
                                 std::abs(logits[static_cast<size_t>(row) * vocabulary + i] - expected[i]));
            EXPECT_LT(worst, tolerance) << ids.size() << " tokens, row " << row;
        }
    }

    // A prompt, tokens one by one, drafts that are taken back, another start, up to the end of the context.
    void expect_same_everywhere(Engine& engine, float tolerance) {
        const auto ids = random_tokens(kContext, window_->vocab_size());
        const std::span<const int64_t> all(ids);
        for (const size_t count : {1U, 2U, 60U, 61U, 62U, 140U, 33U, 34U})
            expect_same(engine, all.first(count), 1, tolerance);
        expect_same(engine, all.first(40), 4, tolerance);
        expect_same(engine, all.first(38), 3, tolerance);
        expect_same(engine, all.subspan(5, 100), 1, tolerance);
        expect_same(engine, all.subspan(5, 101), 2, tolerance);
        expect_same(engine, all, 1, tolerance);
    }

    TestFolder folder_;
    fs::path baked_;
    Manifest manifest_;
    std::unique_ptr<Engine> window_;
};

TEST_P(Engines, Paged) {
    const auto opened = open_cached(baked_, exact_cpu(), 0, StaticForm::none);
    EXPECT_GT(opened.engine->cache_bytes(), 0U);
    expect_same_everywhere(*opened.engine, 1e-3F);
}

TEST_P(Engines, Stateful) {
    auto model = read_graph(baked_ / manifest_.dynamic_graph, baked_ / kModelBinName);
    DynamicEngine engine(compile_on("CPU", model, exact_cpu()), kContext);
    expect_same_everywhere(engine, 1e-3F);
}

TEST_P(Engines, Static) {
    const auto opened = open_cached(baked_, exact_cpu(), 0, StaticForm::whole);
    expect_same_everywhere(*opened.engine, 2e-2F);  // keys and values are kept in f16
}

INSTANTIATE_TEST_SUITE_P(Tiny, Engines, testing::ValuesIn(tiny_checkpoints()),
                         [](const auto& info) { return info.param.filename().string(); });

}  // namespace
}  // namespace ovenbird
