#include "base/json.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

std::string syntax_error(const std::string& text) {
    return error_of(ErrorCode::invalid_input, [&] { parse_json(text, "config.json"); });
}

TEST(Json, SyntaxErrorsNameTheOriginAndThePlace) {
    EXPECT_EQ(syntax_error("{\"a\": 1,\n \"b\": }"), "config.json: not valid JSON at line 2, column 7");
    EXPECT_EQ(syntax_error(""), "config.json: not valid JSON at line 1, column 1");
    EXPECT_EQ(syntax_error("[1, 2"), "config.json: not valid JSON at line 1, column 6");
    EXPECT_NE(syntax_error("{\"a\": \"\xff\"}").find("config.json: not valid JSON"), std::string::npos);
    EXPECT_NE(syntax_error("{} {}").find("config.json: not valid JSON"), std::string::npos);
}

TEST(Json, AByteOrderMarkIsSkipped) {
    EXPECT_EQ(parse_json("\xEF\xBB\xBF{\"a\": 1}", "a.json").at("a"), 1);
    EXPECT_EQ(without_byte_order_mark("\xEF\xBB"), "\xEF\xBB");
}

TEST(Json, AbsurdNestingIsRefusedAndDeepNestingIsNot) {
    const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_NO_THROW(parse_json(nested(200), "a"));
    EXPECT_NE(syntax_error(nested(202)).find("nested deeper than 200"), std::string::npos);
    EXPECT_NE(syntax_error(std::string(1'000'000, '[')).find("nested deeper"), std::string::npos);
}

TEST(Json, ANumberNoTypeHoldsIsAnError) {
    EXPECT_EQ(syntax_error("[1e999]"), "config.json: holds a number that is too large");
}

TEST(Json, ReadsFilesAndNamesTheOnesItCannot) {
    const TestFolder folder;
    write_file(folder / "good.json", R"({"z": 1, "a": 2})");
    EXPECT_EQ(read_json(folder / "good.json").dump(), R"({"z":1,"a":2})") << "the order of keys is kept";
    write_file(folder / "bad.json", "{");
    EXPECT_NE(error_of(ErrorCode::invalid_input, [&] { read_json(folder / "bad.json"); }).find("bad.json"),
              std::string::npos);
    EXPECT_NE(error_of(ErrorCode::not_found, [&] { read_json(folder / "none.json"); }).find("none.json"),
              std::string::npos);
}

class JsonObjectTest : public testing::Test {
protected:
    const Json json_ = parse_json(R"({
        "heads": 9, "whole": 4096.0, "theta": 1e5, "half": 0.5, "tied": true, "type": "llama", "none": null,
        "huge": 18446744073709551615, "minus": -3, "list": [1], "rope": {"factor": "eight"}})",
                                  "config.json");
    const JsonObject object_{json_, "config.json"};

    std::string refused(const std::function<void()>& call) {
        return error_of(ErrorCode::invalid_input, call);
    }
};

TEST_F(JsonObjectTest, GivesValuesOfTheTypeAskedFor) {
    EXPECT_EQ(object_.integer("heads"), 9);
    EXPECT_EQ(object_.integer("minus"), -3);
    EXPECT_EQ(object_.integer("whole"), 4096) << "a whole number written as a fraction";
    EXPECT_EQ(object_.integer("theta"), 100000);
    EXPECT_EQ(object_.number("half"), 0.5);
    EXPECT_EQ(object_.number("heads"), 9.0);
    EXPECT_EQ(object_.text("type"), "llama");
    EXPECT_TRUE(object_.boolean_or("tied", false));
}

TEST_F(JsonObjectTest, AbsentAndNullGiveTheFallback) {
    for (const char* key : {"absent", "none"}) {
        EXPECT_FALSE(object_.has(key));
        EXPECT_EQ(object_.integer_or(key, 7), 7);
        EXPECT_EQ(object_.number_or(key, 0.25), 0.25);
        EXPECT_EQ(object_.text_or(key, "x"), "x");
        EXPECT_TRUE(object_.boolean_or(key, true));
        EXPECT_FALSE(object_.object(key).has_value());
        EXPECT_EQ(refused([&] { object_.integer(key); }),
                  std::string("config.json: '") + key + "' is missing, expected an integer");
    }
}

TEST_F(JsonObjectTest, AnotherTypeIsRefusedWithOriginKeyAndValue) {
    EXPECT_EQ(refused([&] { object_.integer("type"); }),
              "config.json: 'type' is \"llama\", expected an integer");
    EXPECT_EQ(refused([&] { object_.integer_or("half", 1); }),
              "config.json: 'half' is 0.5, expected an integer");
    EXPECT_EQ(refused([&] { object_.integer("tied"); }), "config.json: 'tied' is true, expected an integer");
    EXPECT_EQ(refused([&] { object_.integer("huge"); }),
              "config.json: 'huge' is 18446744073709551615, expected an integer");
    EXPECT_EQ(refused([&] { object_.text_or("list", ""); }), "config.json: 'list' is [1], expected a text");
    EXPECT_EQ(refused([&] { object_.boolean_or("heads", true); }),
              "config.json: 'heads' is 9, expected true or false");
    EXPECT_EQ(refused([&] { object_.number("rope"); }),
              "config.json: 'rope' is {\"factor\":\"eight\"}, expected a number");
    EXPECT_EQ(refused([&] { object_.object("type"); }),
              "config.json: 'type' is \"llama\", expected an object");
}

TEST_F(JsonObjectTest, ANestedObjectRemembersWhereItLies) {
    const auto rope = object_.object("rope");
    ASSERT_TRUE(rope.has_value());
    EXPECT_EQ(refused([&] { rope->number("factor"); }),
              "config.json: rope: 'factor' is \"eight\", expected a number");
}

TEST_F(JsonObjectTest, LongValuesAreCutInMessages) {
    const Json json = {{"key", std::string(100'000, 'x')}};
    const JsonObject object(json, "a");
    EXPECT_LT(refused([&] { object.integer("key"); }).size(), 120U);
}

TEST_F(JsonObjectTest, WhatIsNoObjectIsRefused) {
    const Json list = Json::array();
    EXPECT_EQ(refused([&] { JsonObject(list, "a.json"); }), "a.json: expected a JSON object");
}

}  // namespace
}  // namespace ovenbird
