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
