// Every engine gives the logits of the loop without a cache, on every tiny checkpoint: sliding windows,
// grouped queries, biases, norms of queries and keys.

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>

#include "bake/bake.hpp"
#include "base/json.hpp"
#include "base/platform/process.hpp"
#include "base/test_folder.hpp"
#include "run/dynamic_engine.hpp"
#include "run/generate.hpp"
#include "run/open.hpp"

namespace ovenbird {
namespace {

// Of logits up to 8, where keys and values are kept in f16.
constexpr float kHalfCache = 3e-2F;

namespace fs = std::filesystem;

constexpr int64_t kContext = 256;

std::vector<fs::path> tiny_checkpoints() {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(fs::path(OVENBIRD_TESTDATA) / "tiny"))
        if (fs::exists(entry.path() / "config.json")) folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
#ifdef __SANITIZE_ADDRESS__
    // The dev build compares all; a sanitizer needs each family of graphs once.
    std::vector<fs::path> some;
    for (size_t i = 0; i < folders.size(); ++i)
        if (i % 5 == 0 || folders[i].filename() == "lfm2_even_tied") some.push_back(folders[i]);
    return some;
#else
    // Of a family the first, whose graphs are those of the others but for a table or a window; run by itself
    // with OVENBIRD_ALL_CHECKPOINTS=1 this program takes all of them (a quarter of an hour).
    if (environment("OVENBIRD_ALL_CHECKPOINTS")) return folders;
    std::vector<fs::path> some;
    std::set<std::string> families;
    for (const auto& folder : folders) {
        const std::string name = folder.filename().string();
        if (families.insert(name.substr(0, std::min(name.find("_even"), name.find("_odd")))).second)
            some.push_back(folder);
    }
    return some;
#endif
}

std::vector<fs::path> every_fourth(const std::vector<fs::path>& folders) {
    std::vector<fs::path> some;
    for (size_t i = 0; i < folders.size(); i += 4)
        some.push_back(folders[i]);
    return some;
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
void with_positions(const fs::path& checkpoint, const fs::path& folder) {
    fs::copy(checkpoint, folder);
    std::ifstream stream(checkpoint / "config.json");
    Json config = Json::parse(stream);
    config["max_position_embeddings"] = kContext;
    std::ofstream(folder / "config.json") << config.dump();
}

std::vector<int64_t> random_tokens(size_t count, int64_t vocabulary) {
    std::mt19937 random(7);
    std::vector<int64_t> ids(count);
    for (auto& id : ids)
        id = static_cast<int64_t>(random() % static_cast<uint64_t>(vocabulary));
    return ids;
}

bool has_other_states(const std::string& name) {
    return name.starts_with("lfm2") || name.starts_with("qwen3_5");
}

// Of layers that read each other's keys and values, or rows of their own.
bool has_whole_form_only(const std::string& name) {
    return name == "gemma4_even_shared" || name == "gemma4_even_defaults";
}

class Engines : public testing::TestWithParam<fs::path> {
protected:
    void SetUp() override {
        with_positions(GetParam(), folder_ / "source");
        bake_with(1.0);
    }

    // `ratio`: share of the weights in 4 bits.
    void bake_with(double ratio) {
        BakeOptions options;
        options.source = folder_ / "source";
        options.force = true;
        options.ratio = ratio;
        options.output = folder_ / "baked";
        options.group_size = 16;
        options.seq_len = kContext;
        options.context = kContext;
        options.forward_check = "off";
        SilentReporter reporter;
        manifest_ = bake(options, reporter);
        baked_ = options.output;
        window_ = open_as(FormChoice::window).engine;
    }

    static std::string name() { return GetParam().filename().string(); }

    // Whether there is a folded form; where there is none it is refused by name.
    bool has_folded() const {
        if (!has_whole_form_only(name())) return true;
        EXPECT_TRUE(manifest_.folded.layers.empty());
        BakeOptions options;
        options.source = folder_ / "source";
        options.output = folder_ / "refused";
        options.form = "folded";
        options.context = kContext;
        SilentReporter reporter;
        EXPECT_NE(error_of(ErrorCode::unsupported, [&] { bake(options, reporter); }).find("--form whole"),
                  std::string::npos);
        return false;
    }

    OpenedEngine open_as(FormChoice form) const {
        return open_engine(baked_, manifest_, {exact_cpu(), form}, 0);
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
        expect_put_back_is_kept(engine);
    }

    // Keys and values that were copied and put back say what they said before, behind another sequence and
    // behind a longer one too.
    static void expect_put_back_is_kept(Engine& engine) {
        const auto ids = random_tokens(kContext, engine.vocab_size());
        const std::span<const int64_t> all(ids);
        const auto copied = [](std::span<const float> logits) {
            return std::vector(logits.begin(), logits.end());
        };
        (void)engine.next_logits(all.first(70));
        const KeptCopy copy = engine.copy_kept();
        ASSERT_FALSE(copy.ids.empty());
        EXPECT_GT(copy.bytes(), 0U);
        const auto before = copied(engine.next_logits(all.first(71)));
        for (const auto other : {all.subspan(9, 50), all.subspan(3, 140)}) {
            (void)engine.next_logits(other);
            engine.put_back(copy);
            const int64_t computed = engine.computed_tokens();
            EXPECT_EQ(engine.kept_of(all.first(71)), 70);
            const auto after = copied(engine.next_logits(all.first(71)));
            EXPECT_LE(engine.computed_tokens() - computed, 1 + static_cast<int64_t>(kContext) / 2);
            for (size_t i = 0; i < before.size(); ++i)
                ASSERT_NEAR(after[i], before[i], 1e-4F);
        }
        KeptCopy broken = copy;
        broken.parts.front().pop_back();
        error_of(ErrorCode::internal, [&] {
            try {
                engine.put_back(broken);
            } catch (const Error& error) {
                fail(ErrorCode::internal, "{}", error.what());  // a stateful graph tells it as its device's
            }
        });
        EXPECT_EQ(engine.kept_of(all.first(71)), 0);
    }

    // Whole and folded graphs round keys and values alike: what is left is the order of sums.
    void expect_folded_is_whole() {
        const auto whole = open_as(FormChoice::whole).engine;
        const auto folded = open_as(FormChoice::folded).engine;
        const auto ids = random_tokens(kContext, whole->vocab_size());
#ifdef __SANITIZE_ADDRESS__
        constexpr int64_t kPrompts = 5;  // the dev build compares all
#else
        constexpr int64_t kPrompts = 20;
#endif
        constexpr int64_t kNewTokens = 16;
        GenerateOptions options;
        options.max_new_tokens = kNewTokens;
        for (int64_t i = 0; i < kPrompts; ++i) {
            const std::span<const int64_t> prompt(ids.data() + i, static_cast<size_t>(1 + 2 * i));
            const auto expected = whole->next_logits(prompt);
            const auto got = folded->next_logits(prompt);
            for (size_t token = 0; token < expected.size(); ++token)
                ASSERT_NEAR(got[token], expected[token], 1e-3F) << prompt.size() << " tokens";
            const auto said = [&](Engine& engine) {
                return generate(engine, {prompt.begin(), prompt.end()}, options, [](int64_t) { return true; })
                    .tokens;
            };
            ASSERT_EQ(said(*folded), said(*whole)) << prompt.size() << " tokens";
        }
    }

    TestFolder folder_;
    fs::path baked_;
    Manifest manifest_;
    std::unique_ptr<Engine> window_;
};

TEST_P(Engines, Paged) {
    const auto opened = open_as(FormChoice::best);
    // A cap on scores is no attention that has pages, and other states have none: the graph with states
    // answers.
    const bool has_pages =
        !name().starts_with("gemma2") && !has_other_states(name()) && name() != "gemma4_even_shared";
    EXPECT_EQ(opened.engine->cache_bytes() > 0, has_pages);
    expect_same_everywhere(*opened.engine, 1e-3F);
}

TEST_P(Engines, Stateful) {
    auto model = read_graph(baked_ / manifest_.dynamic_graph, baked_ / kModelBinName);
    DynamicEngine engine(compile_on("CPU", model, exact_cpu()), kContext);
    expect_same_everywhere(engine, 1e-3F);
}

TEST_P(Engines, Static) {
    const auto opened = open_as(FormChoice::whole);
    expect_same_everywhere(*opened.engine, kHalfCache);
}

TEST_P(Engines, Folded) {
    if (!has_folded()) return;
    const auto opened = open_as(FormChoice::folded);
    expect_same_everywhere(*opened.engine, kHalfCache);
}

TEST_P(Engines, FoldedIsTheWholeForm) {
    if (!has_folded()) return;
    // A window is in the mask: layers with and without one are the same graph, with another input. Yarn's
    // attention factor is in the scale of the scores, of layers that YaRN turns only.
    const bool two_scales =
        GetParam().filename() == "smollm3_even_yarn" || GetParam().filename() == "olmo3_even_yarn";
    const bool two_mixers = has_other_states(name());
    // The factor behind a layer is in the next one's graph: the first has none, and of two sizes of heads.
    const size_t kinds = name() == "gemma4_odd_dense" ? 2U : 1U;
    EXPECT_EQ(manifest_.folded.steps.front().layers.size(), two_scales || two_mixers ? 2U : kinds);
    expect_folded_is_whole();
}

// Layers in 4 bits and layers in 8 bits are graphs of two kinds: of some checkpoints, for it takes minutes.
class EnginesOfTwoKinds : public Engines {};
TEST_P(EnginesOfTwoKinds, FoldedIsTheWholeForm) {
    bake_with(0.5);
    if (!has_folded()) return;
    EXPECT_GT(manifest_.folded.steps.front().layers.size(), 1U);
    expect_folded_is_whole();
}

INSTANTIATE_TEST_SUITE_P(Tiny, Engines, testing::ValuesIn(tiny_checkpoints()),
                         [](const auto& info) { return info.param.filename().string(); });
INSTANTIATE_TEST_SUITE_P(Tiny, EnginesOfTwoKinds, testing::ValuesIn(every_fourth(tiny_checkpoints())),
                         [](const auto& info) { return info.param.filename().string(); });

}  // namespace
}  // namespace ovenbird
