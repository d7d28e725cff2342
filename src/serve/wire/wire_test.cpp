#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "serve/wire/ask.hpp"
#include "serve/wire/embed.hpp"
#include "serve/wire/event.hpp"

namespace ovenbird {
namespace {

Ask full_ask() {
    Ask ask;
    ask.messages = Json::array({{{"role", "user"}, {"content", "é"}}});
    ask.text = "text";
    ask.ids = {1, 2};
    ask.tools = Json::array({1});
    ask.template_arguments = {{"enable_thinking", "false"}};
    ask.prefix = "begin";
    ask.max_new_tokens = 7;
    ask.sampling.temperature = 0.5;
    ask.sampling.top_k = 4;
    ask.sampling.logit_bias = {{3, -100.0}};
    ask.sampling.seed = ~uint64_t{0};
    ask.stop = {"a", "b"};
    ask.form.regex = "x+";
    ask.ignore_eos = true;
    ask.top_log_probabilities = 5;
    ask.resumed = {9, 8};
    return ask;
}

TEST(Wire, AnAskPassesWhole) {
    const Json json = to_json(full_ask());
    const Ask back = ask_from_json(parse_json(json.dump(), "test"));
    EXPECT_EQ(to_json(back), json);
    EXPECT_EQ(back.sampling.seed, ~uint64_t{0});
    EXPECT_FALSE(back.sampling.min_p.has_value());
    EXPECT_EQ(to_json(ask_from_json(to_json(Ask{}))), to_json(Ask{}));
}

EmbedAsk full_embed_ask() {
    EmbedAsk ask;
    ask.inputs = {{"é", {}}, {"", {1, 2}}, {"", {}}};
    ask.prompt_name = "query";
    ask.truncate = true;
    ask.dimensions = 3;
    ask.how_to_cut = "so";
    ask.first = 2;
    return ask;
}

TEST(Wire, AnAskForVectorsPassesWhole) {
    const Json json = to_json(full_embed_ask());
    const EmbedAsk back = embed_ask_from_json(parse_json(json.dump(), "test"));
    EXPECT_EQ(to_json(back), json);
    EXPECT_EQ(back.inputs[1].ids, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(back.prompt_name, "query");
    EXPECT_EQ(to_json(embed_ask_from_json(to_json(EmbedAsk{}))), to_json(EmbedAsk{}));
}

TEST(Wire, NumbersOfAVectorPassExactly) {
    const std::vector<float> values{0.1F, 1.0F / 3, 1e-38F, -65504};
    const Event back = event_from_json(parse_json(to_json(Event(VectorEvent{values, 1})).dump(), "test"));
    EXPECT_EQ(std::get<VectorEvent>(back).values, values);
}

TEST(Wire, WhatWasAskedGoesOverTheDefaults) {
    AskedSampling asked;
    asked.temperature = 0;
    const SamplingOptions sampling = asked.over({.temperature = 0.7, .top_k = 20});
    EXPECT_EQ(sampling.temperature, 0);
    EXPECT_EQ(sampling.top_k, 20);
}

std::vector<Event> all_events() {
    ModelFacts facts;
    facts.device = "CPU";
    facts.fallbacks = {"NPU: no such device"};
    facts.context_tokens = 1024;
    facts.vocab_size = 100;
    facts.embedding_length = 8;
    facts.special_marks = {{"[TOOL_CALLS]", 9}};
    facts.defaults.temperature = 0.6;
    return {facts,
            PromptEvent{5, 3, ~uint64_t{0}, true},
            PieceEvent{{1, 2}, "te", "th", {{1, "te", -0.5, {{4, "x", -1.5}}}}},
            PieceEvent{{7}, "", "", {}},
            DoneEvent{FinishReason::length, "", 5, 3, 2, 1, 1.5, 2.5, 7},
            ErrorEvent{ErrorCode::device, "lost"},
            AliveEvent{12},
            TextEvent{{1}, "a"},
            VectorEvent{{0.1F, -2, 1e-30F}, 9},
            OpeningEvent{true},
            NoteEvent{"said"}};
}

TEST(Wire, EventsPassWhole) {
    for (const Event& event : all_events()) {
        const Json json = to_json(event);
        const Event back = event_from_json(parse_json(json.dump(), "test"));
        EXPECT_EQ(back.index(), event.index());
        EXPECT_EQ(to_json(back), json);
    }
    // Minus infinity is no JSON.
    const Event impossible = PieceEvent{{1}, "a", "", {{1, "a", -INFINITY, {}}}};
    EXPECT_EQ(to_json(event_from_json(parse_json(to_json(impossible).dump(), "test"))), to_json(impossible));
}

// Each value replaced by one of another kind, each key left out: an error of ours or a message, nothing else.
TEST(Wire, OddMessagesAreErrors) {
    std::vector<Json> whole{to_json(full_ask()), to_json(full_embed_ask())};
    for (const Event& event : all_events())
        whole.push_back(to_json(event));
    const std::vector<Json> odd{nullptr, -1, 1e300, "x", Json::array({1, "a"}), Json::object(), true};
    int refused = 0;
    for (const Json& json : whole) {
        for (const auto& [key, _] : json.items()) {
            for (const Json& value : odd) {
                Json changed = json;
                changed[key] = value;
                Json without = json;
                without.erase(key);
                for (const Json& each : {changed, without}) {
                    try {
                        (void)ask_from_json(each);
                    } catch (const Error&) {
                        ++refused;
                    }
                    try {
                        (void)embed_ask_from_json(each);
                    } catch (const Error&) {
                        ++refused;
                    }
                    try {
                        (void)event_from_json(each);
                    } catch (const Error&) {
                        ++refused;
                    }
                }
            }
        }
    }
    EXPECT_GT(refused, 100);
    for (const Json& json : odd)
        error_of(ErrorCode::invalid_input, [&] { (void)event_from_json(json); });
}

}  // namespace
}  // namespace ovenbird
