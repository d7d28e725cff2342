#include <gtest/gtest.h>

#include <numeric>
#include <openvino/op/ops.hpp>
#include <openvino/op/util/variable.hpp>
#include <openvino/openvino.hpp>

#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "device/models.hpp"
#include "model/first_step.hpp"
#include "run/dynamic_engine.hpp"
#include "run/open.hpp"
#include "run/static_cache_engine.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
namespace fs = std::filesystem;
using Value = ov::Output<ov::Node>;

// Toy decoders whose "key" of a token is its id, and whose logits are the sum of the ids that a token sees
// and their number: a key at the wrong place, lost, or seen though masked, shows.

std::shared_ptr<v0::Parameter> input(const std::string& name, const ov::PartialShape& shape,
                                     ov::element::Type type = ov::element::i64) {
    auto parameter = std::make_shared<v0::Parameter>(type, shape);
    parameter->get_output_tensor(0).set_names({name});
    return parameter;
}

std::shared_ptr<v0::Result> output(const Value& value, const std::string& name) {
    auto result = std::make_shared<v0::Result>(value);
    result->get_output_tensor(0).set_names({name});
    return result;
}

Value as_float(const Value& value) {
    return std::make_shared<v0::Convert>(value, ov::element::f32);
}

Value shaped(const Value& value, const std::vector<int64_t>& shape) {
    return std::make_shared<v1::Reshape>(value, v0::Constant::create(ov::element::i64, {shape.size()}, shape),
                                         false);
}

Value axis(int64_t value) {
    return v0::Constant::create(ov::element::i64, {}, {value});
}

// [1, n] values to the running sums of what is real among them, and how many are: [1, n, 2].
Value sums_and_counts(const Value& values, const Value& mask) {
    const auto real = as_float(mask);
    const auto sums = std::make_shared<v0::CumSum>(std::make_shared<v1::Multiply>(values, real), axis(1));
    const auto counts = std::make_shared<v0::CumSum>(real, axis(1));
    return std::make_shared<v0::Concat>(
        ov::OutputVector{shaped(sums, {1, -1, 1}), shaped(counts, {1, -1, 1})}, 2);
}

Value slice(const Value& value, int64_t begin, int64_t end) {
    const auto integer = [](int64_t number) { return v0::Constant::create(ov::element::i64, {1}, {number}); };
    return std::make_shared<v8::Slice>(value, integer(begin), integer(end), integer(1), integer(1));
}

std::shared_ptr<ov::Model> toy_graph(const Step& shape) {
    const auto ids = input("input_ids", {1, shape.tokens});
    const auto mask = input("attention_mask", {1, shape.past + shape.tokens});
    const auto positions = input("position_ids", {1, shape.tokens});
    const auto past = input("past_key_values.0.key", {1, 1, shape.past, 1}, ov::element::f16);
    const auto keys = as_float(ids);
    const Value all =
        std::make_shared<v0::Concat>(ov::OutputVector{shaped(as_float(past), {1, shape.past}), keys}, 1);
    // Positions are read, so that the graph has the input; what they are is the rotary tables' business.
    const auto nothing = std::make_shared<v1::Multiply>(shaped(as_float(positions), {1, shape.tokens, 1}),
                                                        v0::Constant::create(ov::element::f32, {}, {0.0F}));
    Value rows = slice(sums_and_counts(all, mask), shape.past, shape.past + shape.tokens);
    rows = std::make_shared<v1::Add>(rows, nothing);
    if (!shape.all_rows) rows = slice(rows, shape.tokens - 1, shape.tokens);
    const auto fresh = std::make_shared<v0::Convert>(shaped(keys, {1, 1, shape.tokens, 1}), ov::element::f16);
    return std::make_shared<ov::Model>(
        ov::ResultVector{output(rows, "logits"), output(fresh, "present.0.key")},
        ov::ParameterVector{ids, mask, positions, past});
}

DeviceOptions cpu() {
    DeviceOptions options;
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"}};
    return options;
}

// Contexts of 4 and 8 tokens; one, two (drafts) or three (a chunk) at a time. A chunk's graph sees as many
// kept tokens as the others, only those that leave room for the chunk, or those of the longest context for
// all.
enum class Chunks { like_others, shorter, shared };

int64_t past_of(Chunks chunks, int64_t context) {
    if (chunks == Chunks::like_others) return context - 1;
    return chunks == Chunks::shorter ? context - 3 : 5;
}

Manifest toy_manifest(Chunks chunks) {
    Manifest manifest;
    manifest.context = 8;
    for (const int64_t context : {4, 8}) {
        const auto number = std::to_string(context);
        manifest.graphs.push_back({"decode_" + number, 1, context - 1, context, false});
        manifest.graphs.push_back({"verify_" + number, 2, context - 1, context, true});
        manifest.graphs.push_back({"prefill_" + number, 3, past_of(chunks, context), context, false});
    }
    return manifest;
}

struct ToyStatic {
    explicit ToyStatic(Chunks form = Chunks::like_others) : chunks(form) {}
    Chunks chunks;
    std::vector<Step> compiled;
    StaticCacheEngine engine{toy_manifest(chunks),
                             [this](const Step& shape) {
                                 compiled.push_back(shape);
                                 return compile_on("CPU", toy_graph(shape), cpu());
                             },
                             9};
};

std::shared_ptr<ov::Model> toy_dynamic_graph() {
    const auto ids = input("input_ids", {-1, -1});
    const auto mask = input("attention_mask", {-1, -1});
    const auto positions = input("position_ids", {-1, -1});
    const auto beam = input("beam_idx", {-1}, ov::element::i32);
    const auto variable = std::make_shared<util::Variable>(
        util::VariableInfo{{-1, 1, -1, 1}, ov::element::f32, "past_key_values.0.key"});
    const auto kept = std::make_shared<v6::ReadValue>(
        v0::Constant::create(ov::element::f32, {1, 1, 0, 1}, std::vector<float>{}), variable);
    const auto chosen = std::make_shared<v8::Gather>(kept, beam, axis(0));
    const auto all =
        std::make_shared<v0::Concat>(ov::OutputVector{chosen, shaped(as_float(ids), {1, 1, -1, 1})}, 2);
    const auto assign = std::make_shared<v6::Assign>(all, variable);
    const auto nothing = std::make_shared<v1::Multiply>(
        std::make_shared<v1::ReduceSum>(as_float(positions),
                                        v0::Constant::create(ov::element::i64, {2}, {0, 1})),
        v0::Constant::create(ov::element::f32, {}, {0.0F}));
    const auto rows = std::make_shared<v1::Add>(sums_and_counts(shaped(all, {1, -1}), mask), nothing);
    return std::make_shared<ov::Model>(ov::ResultVector{output(rows, "logits")}, ov::SinkVector{assign},
                                       ov::ParameterVector{ids, mask, positions, beam});
}

std::unique_ptr<DynamicEngine> toy_dynamic() {
    return std::make_unique<DynamicEngine>(compile_on("CPU", toy_dynamic_graph(), cpu()), 8);
}

// Every row on its own, as drafts are verified.
void expect_rows(Engine& engine, const std::vector<int64_t>& ids, int64_t rows) {
    const auto logits = engine.logits_after(ids, rows);
    ASSERT_EQ(logits.size(), static_cast<size_t>(2 * rows));
    for (int64_t row = 0; row < rows; ++row) {
        const auto end = ids.end() - (rows - 1 - row);
        EXPECT_FLOAT_EQ(logits[static_cast<size_t>(2 * row)],
                        static_cast<float>(std::accumulate(ids.begin(), end, int64_t{0})));
        EXPECT_FLOAT_EQ(logits[static_cast<size_t>(2 * row + 1)], static_cast<float>(end - ids.begin()));
    }
}

void expect_sum(Engine& engine, const std::vector<int64_t>& ids) {
    const auto logits = engine.next_logits(ids);
    ASSERT_EQ(logits.size(), 2U);
    EXPECT_FLOAT_EQ(logits[0], static_cast<float>(std::accumulate(ids.begin(), ids.end(), int64_t{0})));
    EXPECT_FLOAT_EQ(logits[1], static_cast<float>(ids.size()));
}

// Growing token by token, jumping, going back, changing the middle, filling the context: always the sum.
void expect_any_order(Engine& engine) {
    std::vector<int64_t> ids;
    for (int64_t token = 1; token <= 8; ++token) {
        ids.push_back(10 * token);
        expect_sum(engine, ids);
    }
    expect_sum(engine, ids);
    expect_sum(engine, {10, 20});
    expect_sum(engine, {10, 20, 5, 6, 7, 8, 9});
    expect_sum(engine, {10, 20, 5, 4});
    expect_sum(engine, {1});
    expect_sum(engine, {2, 3, 4, 5, 6, 7, 8, 9});
    expect_rows(engine, {2, 3, 4}, 2);
    expect_rows(engine, {2, 3, 7, 1}, 2);
    expect_rows(engine, {5, 6, 7, 8, 9}, 2);
    expect_rows(engine, {5, 6}, 2);
    expect_rows(engine, {9, 8, 7, 6, 5, 4, 3, 2}, 2);
    EXPECT_GE(engine.most_rows(), 2);
}

TEST(StaticCacheEngine, EveryTokenSeesAllBeforeItOnce) {
    ToyStatic toy;
    EXPECT_EQ(toy.engine.window_tokens(), 8);
    EXPECT_EQ(toy.engine.vocab_size(), 2);
    expect_any_order(toy.engine);
    EXPECT_EQ(toy.engine.cache_bytes(), 7U * 2U);
    EXPECT_NE(toy.engine.input_shapes().find("past_key_values.0.key=[1,1,3,1] f16"), std::string::npos);
}

TEST(StaticCacheEngine, ChunksThatSeeAnotherLengthOfTheCache) {
    for (const auto chunks : {Chunks::shorter, Chunks::shared}) {
        ToyStatic toy(chunks);
        expect_any_order(toy.engine);
    }
}

TEST(StaticCacheEngine, GraphsThatNeverReachTheContextAreRefused) {
    Manifest manifest = toy_manifest(Chunks::like_others);
    manifest.graphs[0].past = 1;
    EXPECT_THROW(StaticCacheEngine(manifest, nullptr, 9), Error);
}

TEST(StaticCacheEngine, LongPromptsStraightIntoTheLargeBucket) {
    ToyStatic toy;
    ASSERT_EQ(toy.compiled.size(), 1U);  // a device that refuses must show at once
    expect_sum(toy.engine, {1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_EQ(toy.compiled.back().past, 7);
    const size_t compiled = toy.compiled.size();
    expect_sum(toy.engine, {1, 2, 3, 4, 5, 6, 7, 9});
    expect_sum(toy.engine, {1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_LE(toy.compiled.size(), compiled + 1);  // graphs are kept
}

TEST(StaticCacheEngine, WhatDoesNotFitIsNoSilentTruncation) {
    ToyStatic toy;
    EXPECT_THROW(toy.engine.next_logits(std::vector<int64_t>(9, 1)), Error);
    EXPECT_THROW(toy.engine.next_logits(std::vector<int64_t>{}), Error);
    expect_sum(toy.engine, {4, 5});
}

// However far it came: what was computed is kept, and what follows is right.
void expect_stops_anywhere(Engine& engine, int64_t chunk_tokens) {
    for (int64_t allowed = 0; allowed * chunk_tokens < 8; ++allowed) {
        expect_sum(engine, {1});
        const std::vector<int64_t> ids{9, 8, 7, 6, 5, 4, 3, 2};
        const int64_t before = engine.computed_tokens();
        int64_t asked = 0;
        EXPECT_TRUE(engine.logits_after(ids, 1, [&] { return asked++ >= allowed; }).empty());
        EXPECT_EQ(engine.computed_tokens() - before, allowed * chunk_tokens);
        expect_sum(engine, ids);
        EXPECT_EQ(engine.computed_tokens() - before, 8);
    }
}

TEST(StaticCacheEngine, StopsBetweenTheChunksOfAPrompt) {
    ToyStatic toy;
    expect_stops_anywhere(toy.engine, 3);
}

TEST(DynamicEngine, StopsBeforeAPrompt) {
    const auto engine = toy_dynamic();
    expect_stops_anywhere(*engine, 8);
}

TEST(DynamicEngine, EveryTokenSeesAllBeforeItOnce) {
    const auto engine = toy_dynamic();
    expect_any_order(*engine);
    EXPECT_THROW(engine->next_logits(std::vector<int64_t>(9, 1)), Error);
}

Manifest write_toy_dynamic(const TestFolder& folder) {
    fs::create_directory(folder / kGraphsFolder);
    ov::serialize(toy_dynamic_graph(), (folder / kDynamicGraph).string(), (folder / kModelBinName).string());
    Manifest manifest;
    manifest.context = 8;
    manifest.dynamic_graph = kDynamicGraph;
    return manifest;
}

TEST(OpenEngine, WhereAttentionHasNoPagesTheStatesAreUsedAndThatIsSaid) {
    const TestFolder folder;
    const Manifest manifest = write_toy_dynamic(folder);
    std::vector<std::string> notes;
    OpenOptions options{.device = cpu()};
    options.device.devices = {"NPU", "CPU"};
    options.device.on_note = [&](const std::string& text) { notes.push_back(text); };
    const auto opened = open_engine(folder.path(), manifest, options, 0);
    EXPECT_EQ(opened.form, Form::dynamic);
    expect_any_order(*opened.engine);
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_NE(notes[0].find("CPU: attention over pages was refused ("), std::string::npos) << notes[0];
    EXPECT_TRUE(notes[1].starts_with("NPU passed over: ")) << notes[1];
}

TEST(OpenEngine, ADeviceWhoseFirstStepSaysSomethingElseIsPassedOver) {
    const TestFolder folder;
    Manifest manifest = write_toy_dynamic(folder);
    OpenOptions options{.device = cpu()};
    const std::vector<int64_t> ids{0, 0};
    const auto open = [&] { return open_engine(folder.path(), manifest, options, 0); };
    const auto opened = open();
    FirstStep step = first_step(ids, opened.engine->next_logits(ids));
    options.validate = true;
    manifest.verification["first_step"] = to_json(step);
    EXPECT_EQ(open().engine->device(), "CPU");
    step.likeliest.front().first = 5;  // a token that the toy does not have
    manifest.verification["first_step"] = to_json(step);
    const auto told = error_of(ErrorCode::device, [&] { (void)open(); });
    EXPECT_NE(told.find("its first step says something else"), std::string::npos) << told;
    options.validate.reset();  // the bake itself asked a CPU
    EXPECT_EQ(open().engine->device(), "CPU");
    step.ids = {1, 1'000'000};
    manifest.verification["first_step"] = to_json(step);
    options.validate = true;
    EXPECT_THROW((void)open(), Error);
    options.validate = false;
    EXPECT_EQ(open().engine->device(), "CPU");
}

TEST(OpenEngine, FormsThatTheFolderLacksAreRefused) {
    Manifest manifest;
    for (const auto form : {FormChoice::any_static, FormChoice::whole, FormChoice::folded}) {
        manifest.context = 0;
        EXPECT_THROW(open_engine("folder", manifest, {.form = form}, 0), Error);
        EXPECT_THROW(open_engine("folder", std::nullopt, {.form = form}, 0), Error);
        manifest.context = 8;
        if (form == FormChoice::any_static) continue;
        EXPECT_THROW(open_engine("folder", manifest, {.form = form}, 0), Error);
    }
}

TEST(KeptTokens, TheLastOneIsAlwaysComputed) {
    KeptTokens kept;
    kept.append(std::vector<int64_t>{1, 2, 3});
    EXPECT_EQ(kept.shared_with(std::vector<int64_t>{1, 2, 3, 4}), 3);
    EXPECT_EQ(kept.shared_with(std::vector<int64_t>{1, 2, 3}), 2);
    EXPECT_EQ(kept.shared_with(std::vector<int64_t>{1, 5, 3}), 1);
    EXPECT_EQ(kept.shared_with(std::vector<int64_t>{7}), 0);
}

}  // namespace
}  // namespace ovenbird
