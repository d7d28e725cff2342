// A form that says something else than the decoder is caught at the bake, whatever is wrong with it.

#include "bake/prove.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "bake/bake.hpp"
#include "bake/test_breakages.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kContext = 256;

class ProveTest : public testing::Test {
protected:
    void bake_tiny(const char* checkpoint) {
        const fs::path source = folder_ / "source";
        fs::copy(fs::path(OVENBIRD_TESTDATA) / "tiny" / checkpoint, source);
        Json config = read_json(source / "config.json");
        config["max_position_embeddings"] = kContext;
        std::ofstream(source / "config.json") << config.dump();
        options_.source = source;
        options_.output = sound_;
        options_.context = kContext;
        options_.group_size = 16;
        options_.force = options_.keep_intermediate = true;
        options_.forward_check = "off";
        plan_ = plan_bake(options_).plan.forms;
        manifest_ = bake(options_, reporter_);
        options_.forward_check = "one";
        decoder_.emplace(sound_ / kIntermediateName / kModelXmlName, plan_.seq_len);
    }

    // A fresh copy of what was baked, to break.
    const fs::path& copy() {
        fs::remove_all(broken_);
        fs::copy(sound_, broken_, fs::copy_options::recursive);
        return broken_;
    }

    void prove(Form form, const fs::path& folder, Manifest manifest) {
        FormsPlan plan = plan_;
        std::erase_if(plan.forms, [&](const auto& planned) { return planned.form != form; });
        ASSERT_EQ(plan.forms.size(), 1U);
        prove_forms(plan, options_, *decoder_, 1, folder, manifest, reporter_);
    }

    void expect_caught(Form form, const fs::path& folder, const Manifest& manifest) {
        const auto text = error_of(ErrorCode::verification, [&] { prove(form, folder, manifest); });
        EXPECT_NE(text.find(fmt::format("the {} form", form_name(form))), std::string::npos) << text;
        EXPECT_NE(text.find("logits differ by up to"), std::string::npos) << text;
    }

    // Each graph of a form broken alone.
    void expect_caught(Form form, const std::vector<std::string>& graphs, const Breakage& breakage) {
        for (const auto& graph : graphs) {
            SCOPED_TRACE(graph);
            const fs::path& folder = copy();
            const fs::path xml = folder / graph;
            const bool own_weights = graph.starts_with(kFoldedFolder);
            break_graph(xml, own_weights ? fs::path(xml).replace_extension(".bin") : folder / kModelBinName,
                        breakage);
            expect_caught(form, folder, manifest_);
        }
    }

    TestFolder folder_;
    fs::path sound_ = folder_ / "sound";
    fs::path broken_ = folder_ / "broken";
    BakeOptions options_;
    FormsPlan plan_;
    Manifest manifest_;
    std::optional<DecoderAnswers> decoder_;
    SilentReporter reporter_;
};

constexpr const char* kFull = "llama_even_linear";
constexpr const char* kSliding = "mistral_even_window";
constexpr const char* kMixed = "qwen3_even_window_biases";

const std::vector<std::string> kWindow{kModelXmlName};
const std::vector<std::string> kDynamic{kDynamicGraph};
const std::vector<std::string> kWhole{"graphs/decode_256.xml", "graphs/verify_256.xml",
                                      "graphs/prefill_256.xml"};
// Masks and angles of a folded step.
const std::vector<std::string> kBefore{"folded/decode_256_before.xml", "folded/verify_256_before.xml",
                                       "folded/prefill_256_before.xml"};

TEST_F(ProveTest, SoundFormsPass) {
    for (const char* checkpoint : {kFull, kSliding, kMixed}) {
        SCOPED_TRACE(checkpoint);
        fs::remove_all(folder_ / "source");
        bake_tiny(checkpoint);
        for (const auto form : {Form::window, Form::dynamic, Form::whole, Form::folded})
            EXPECT_NO_THROW(prove(form, sound_, manifest_)) << form_name(form);
    }
}

TEST_F(ProveTest, AMaskThatShowsTheNextToken) {
    bake_tiny(kFull);
    expect_caught(Form::window, kWindow, causal_mask_off(-1));
    expect_caught(Form::dynamic, kDynamic, causal_mask_off(-1));
    // A graph of one token has no next one.
    expect_caught(Form::whole, {kWhole[1], kWhole[2]}, causal_mask_off(-1));
    expect_caught(Form::folded, {kBefore[1], kBefore[2]}, causal_mask_off(-1));
}

TEST_F(ProveTest, AMaskThatHidesTheTokenItself) {
    bake_tiny(kFull);
    expect_caught(Form::window, kWindow, causal_mask_off(1));
    expect_caught(Form::dynamic, kDynamic, causal_mask_off(1));
    expect_caught(Form::whole, kWhole, causal_mask_off(1));
    expect_caught(Form::folded, kBefore, causal_mask_off(1));
}

TEST_F(ProveTest, AMaskThatHidesTheOldestToken) {
    bake_tiny(kFull);
    expect_caught(Form::window, kWindow, oldest_not_seen());
    expect_caught(Form::dynamic, kDynamic, oldest_not_seen());
    expect_caught(Form::whole, kWhole, oldest_not_seen());
    expect_caught(Form::folded, kBefore, oldest_not_seen());
}

TEST_F(ProveTest, ASlidingWindowOneTooLongOrTooShort) {
    for (const char* checkpoint : {kSliding, kMixed}) {
        SCOPED_TRACE(checkpoint);
        fs::remove_all(folder_ / "source");
        bake_tiny(checkpoint);
        for (const int64_t by : {-1, 1}) {
            SCOPED_TRACE(by);
            expect_caught(Form::window, kWindow, window_off(by));
            expect_caught(Form::dynamic, kDynamic, window_off(by));
            expect_caught(Form::dynamic, kDynamic, told_windows_off(by));
            expect_caught(Form::whole, kWhole, window_off(by));
            expect_caught(Form::folded, kBefore, window_off(by));
        }
    }
}

TEST_F(ProveTest, PlacesOfTheCacheOffByOne) {
    bake_tiny(kSliding);
    for (const int64_t by : {-1, 1}) {
        SCOPED_TRACE(by);
        expect_caught(Form::whole, kWhole, places_off(by));
        expect_caught(Form::folded, kBefore, places_off(by));
    }
}

TEST_F(ProveTest, WeightsThatTookEachOthersPlace) {
    bake_tiny(kFull);
    const auto keys_and_values = swapped("layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj");
    expect_caught(Form::window, kWindow, keys_and_values);
    expect_caught(Form::whole, kWhole, keys_and_values);
    for (const char* part : {"self_attn.o_proj", "mlp.down_proj", "input_layernorm"}) {
        SCOPED_TRACE(part);
        const auto layers = swapped(fmt::format("layers.0.{}", part), fmt::format("layers.1.{}", part));
        expect_caught(Form::window, kWindow, layers);
        expect_caught(Form::dynamic, kDynamic, layers);
        expect_caught(Form::whole, kWhole, layers);
    }
}

TEST_F(ProveTest, WeightsOfAFoldedLayerThatTookEachOthersPlace) {
    bake_tiny(kFull);
    const auto& names = manifest_.folded.layers[0].weights;
    size_t pairs = 0;
    for (auto one = names.begin(); one != names.end(); ++one) {
        for (auto other = std::next(one); other != names.end(); ++other) {
            if (one->second.bytes != other->second.bytes) continue;
            SCOPED_TRACE(one->first + " and " + other->first);
            Manifest manifest = manifest_;
            auto& weights = manifest.folded.layers[0].weights;
            std::swap(weights[one->first], weights[other->first]);
            expect_caught(Form::folded, sound_, manifest);
            ++pairs;
        }
    }
    EXPECT_GE(pairs, 4U);
}

TEST_F(ProveTest, WeightsOfTwoFoldedLayersThatTookEachOthersPlace) {
    bake_tiny(kFull);
    for (const auto& [name, range] : manifest_.folded.layers[0].weights) {
        SCOPED_TRACE(name);
        Manifest manifest = manifest_;
        std::swap(manifest.folded.layers[0].weights[name], manifest.folded.layers[1].weights[name]);
        expect_caught(Form::folded, sound_, manifest);
    }
}

TEST_F(ProveTest, CosinesOfTheNextPosition) {
    bake_tiny(kFull);
    expect_caught(Form::window, kWindow, angles_off(1, true));
    expect_caught(Form::dynamic, kDynamic, angles_off(1, true));
    expect_caught(Form::whole, kWhole, angles_off(1, true));
    expect_caught(Form::folded, kBefore, angles_off(1, true));
}

// All of one graph's positions off: only other graphs' keys tell.
TEST_F(ProveTest, OneGraphWhosePositionsAreOff) {
    bake_tiny(kFull);
    expect_caught(Form::whole, kWhole, angles_off(1, false));
    expect_caught(Form::folded, kBefore, angles_off(1, false));
}

}  // namespace
}  // namespace ovenbird
