#include "cmd/answer_options.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

TEST(AnswerOptions, EveryOneCanBeSetShownAndUnset) {
    const std::map<std::string, std::pair<const char*, Json>> values{
        {"max-new-tokens", {"7", 7}},
        {"temperature", {"0.5", 0.5}},
        {"top-k", {"3", 3}},
        {"top-p", {"0.5", 0.5}},
        {"min-p", {"0.25", 0.25}},
        {"repetition-penalty", {"1.5", 1.5}},
        {"presence-penalty", {"-1", -1.0}},
        {"frequency-penalty", {"2", 2.0}},
        {"logit-bias", {"42=-3.5", {{"42", -3.5}}}},
        {"seed", {"5", 5}},
        {"stop", {"the end", {"the end"}}},
        {"prompt-lookup", {"true", true}},
        {"top-log-probabilities", {"4", 4}},
        {"json-schema", {R"({"type": "object"})", R"({"type": "object"})"}},
        {"json-object", {"true", true}},
        {"grammar", {"x.lark", "x.lark"}},
        {"regex", {"[a-z]+ = .*", "[a-z]+ = .*"}},
        {"greedy", {"true", true}},
        {"template-arg", {"enable_thinking=false", {{"enable_thinking", "false"}}}},
        {"show-thinking", {"true", true}},
    };
    const AnswerWords defaults;
    size_t options = 0;
    visit_answer_options(defaults, [&](const std::string& name, const auto&, const char*) {
        ++options;
        ASSERT_TRUE(values.contains(name)) << name;
        const auto& [text, json] = values.at(name);
        AnswerWords words;
        set_option(words, name, text);
        EXPECT_EQ(to_json(words).at(name), json) << name;
        set_option(words, name, text);  // repeatable ones hold the last value only
        EXPECT_EQ(to_json(words).at(name), json) << name;
        unset_option(words, name);
        EXPECT_EQ(to_json(words), to_json(defaults)) << name;
    });
    EXPECT_EQ(options, values.size());
}

TEST(AnswerOptions, WhatCannotBeSetLeavesThemAsTheyWere) {
    AnswerWords words;
    set_option(words, "logit-bias", "1=2");
    const Json before = to_json(words);
    error_of(ErrorCode::usage, [&] { set_option(words, "heat", "3"); });
    error_of(ErrorCode::usage, [&] { set_option(words, "temperature", "hot"); });
    error_of(ErrorCode::usage, [&] { set_option(words, "logit-bias", "x"); });
    error_of(ErrorCode::usage, [&] { unset_option(words, "heat"); });
    EXPECT_EQ(to_json(words), before);
    set_option(words, "prompt-lookup", "true");
    EXPECT_EQ(answer_options(words).draft_tokens, 7);
}

class GenerationConfig : public testing::Test {
protected:
    std::string apply(const Json& config, std::set<std::string> given = {}) {
        write_file(folder_ / "generation_config.json", config.dump());
        words = {};
        words.given = std::move(given);
        return apply_generation_config(words, folder_.path());
    }
    TestFolder folder_;
    AnswerWords words;
};

TEST_F(GenerationConfig, IsTheDefaultWhereItSaysDoSample) {
    const auto told = apply({{"do_sample", true},
                             {"temperature", 0.6},
                             {"top_p", 0.95},
                             {"top_k", 20},
                             {"min_p", 0.1},
                             {"repetition_penalty", 1.1}});
    const auto& sampling = words.answer.sampling;
    EXPECT_EQ(sampling.temperature, 0.6);
    EXPECT_EQ(sampling.top_p, 0.95);
    EXPECT_EQ(sampling.top_k, 20);
    EXPECT_EQ(sampling.min_p, 0.1);
    EXPECT_EQ(sampling.repetition_penalty, 1.1);
    for (const char* word :
         {"temperature 0.6", "top-k 20", "top-p 0.95", "min-p 0.1", "repetition-penalty 1.1", "--greedy"})
        EXPECT_NE(told.find(word), std::string::npos) << told;
}

TEST_F(GenerationConfig, WhatItLeavesOutIsAsInTransformers) {
    apply({{"do_sample", true}});
    EXPECT_EQ(words.answer.sampling.temperature, 1.0);
    EXPECT_EQ(words.answer.sampling.top_k, 50);
    EXPECT_EQ(words.answer.sampling.top_p, 1.0);
}

TEST_F(GenerationConfig, NeverAgainstTheCommandLine) {
    apply({{"do_sample", true}, {"temperature", 0.6}, {"top_k", 20}}, {"temperature"});
    EXPECT_EQ(words.answer.sampling.temperature, 0);
    EXPECT_EQ(words.answer.sampling.top_k, 20);
    words.greedy = true;
    EXPECT_EQ(apply_generation_config(words, folder_.path()), "");
    words.answer.sampling.temperature = 0.7;
    EXPECT_EQ(answer_options(words).sampling.temperature, 0);
}

TEST_F(GenerationConfig, SaysNothingWhereItDoesNotSample) {
    EXPECT_EQ(apply({{"temperature", 0.6}}), "");
    EXPECT_EQ(apply({{"do_sample", false}, {"temperature", 0.6}}), "");
    EXPECT_EQ(apply({{"do_sample", nullptr}}), "");
    EXPECT_EQ(words.answer.sampling.temperature, 0);
    EXPECT_EQ(apply_generation_config(words, folder_ / "nothing"), "");
    error_of(ErrorCode::invalid_input, [&] { apply({{"do_sample", true}, {"top_k", "many"}}); });
}

TEST(AnswerOptions, AnAnswerHasOneForm) {
    AnswerWords words;
    EXPECT_FALSE(answer_form(words).json_object);
    words.regex = "a";
    EXPECT_EQ(answer_form(words).regex, "a");
    words.json_object = true;
    error_of(ErrorCode::usage, [&] { answer_form(words); });
    words = {};
    words.regex = "";
    error_of(ErrorCode::usage, [&] { answer_form(words); });
}

}  // namespace
}  // namespace ovenbird
