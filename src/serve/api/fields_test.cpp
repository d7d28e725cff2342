#include "serve/api/fields.hpp"

#include <gtest/gtest.h>

#include "serve/api/duration.hpp"
#include "serve/api/test_api.hpp"
#include "serve/api/turns.hpp"

namespace ovenbird {
namespace {

TEST(Fields, ReadsWhatIsThereAndNamesWhatIsWrong) {
    const Json json =
        Json::parse(R"({"yes": true, "text": "t", "half": 0.5, "five": 5.0, "list": [1], "none": null})");
    const Fields fields(json, "here");
    EXPECT_EQ(fields.boolean("yes"), true);
    EXPECT_EQ(fields.text("text"), "t");
    EXPECT_EQ(fields.number("half", 0, 1), 0.5);
    EXPECT_EQ(fields.integer("five", 0, 9), 5);
    EXPECT_EQ(fields.array("list").size(), 1);
    EXPECT_FALSE(fields.has("none"));
    EXPECT_EQ(fields.boolean("none"), std::nullopt);
    EXPECT_EQ(fields.text("absent"), std::nullopt);
    EXPECT_TRUE(fields.array("absent").is_null());
    EXPECT_EQ(refused([&] { (void)fields.boolean("text"); }).parameter, "here.text");
    EXPECT_EQ(refused([&] { (void)fields.text("yes"); }).parameter, "here.yes");
    EXPECT_EQ(refused([&] { (void)fields.number("half", 1, 2); }).parameter, "here.half");
    EXPECT_EQ(refused([&] { (void)fields.integer("half", 0, 2); }).parameter, "here.half");
    EXPECT_EQ(refused([&] { (void)fields.array("text"); }).parameter, "here.text");
    EXPECT_EQ(refused([&] { (void)fields.needed_text("absent"); }).parameter, "here.absent");
    EXPECT_EQ(refused([&] { (void)Fields(json["list"], "list"); }).parameter, "list");
}

TEST(Fields, TakesWholeNumbersThatFitAndNoOthers) {
    const auto read = [](const Json& value) {
        return Fields(Json{{"n", value}}).integer("n", INT64_MIN, INT64_MAX);
    };
    EXPECT_EQ(Fields(Json{{"n", INT64_MAX}}).integer("n", INT64_MIN, INT64_MAX), INT64_MAX);
    EXPECT_EQ(Fields(Json{{"n", INT64_MIN}}).integer("n", INT64_MIN, INT64_MAX), INT64_MIN);
    for (const Json& value :
         {Json(0x1p63), Json(uint64_t{1} << 63), Json(1e300), Json(-1e300), Json(0.5), Json("1")})
        refused([&] { (void)read(value); });
}

TEST(Fields, RefusesWhatWouldChangeTheAnswer) {
    const Json json =
        Json::parse(R"({"a": null, "b": false, "c": 0, "d": "", "e": [], "f": {}, "g": 1, "h": ["text"]})");
    const Fields fields(json);
    EXPECT_NO_THROW(fields.refuse_given({"a", "b", "c", "d", "e", "f", "absent"}));
    EXPECT_EQ(refused([&] { fields.refuse_given({"a", "g"}); }).parameter, "g");
    EXPECT_NO_THROW(fields.refuse_unless("h", Json::array({"text"})));
    EXPECT_NO_THROW(fields.refuse_unless("a", 1));
    EXPECT_EQ(refused([&] { fields.refuse_unless("g", 2); }).parameter, "g");
}

TEST(Fields, ReadsBodies) {
    EXPECT_EQ(parse_body(R"({"a": 1})").at("a"), 1);
    for (const auto* body : {"", "{", "[]", "1", "{\"a\": \"\xff\"}", "{\"\xc3\": 1}"})
        refused([&] { (void)parse_body(body); });
    refused([] { (void)parse_body(std::string(100'000, '[')); });
}

TEST(Fields, ReadsContent) {
    EXPECT_EQ(content_text(nullptr, "c"), "");
    EXPECT_EQ(content_text("t", "c"), "t");
    EXPECT_EQ(
        content_text(
            Json::parse(
                R"([{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}, {"type": "refusal", "refusal": "c"}])"),
            "c"),
        "abc");
    EXPECT_EQ(refused([] { content_text(Json::parse(R"([{"type": "image_url"}])"), "c"); }).parameter,
              "c[0].type");
    EXPECT_EQ(refused([] { content_text(Json::parse(R"([{"type": "text"}])"), "c"); }).parameter,
              "c[0].text");
    EXPECT_EQ(refused([] { content_text(1, "c"); }).parameter, "c");
}

TEST(Fields, ReadsStopsAndLeavesEmptyOnesOut) {
    const auto read = [](const Json& value) {
        const Json json{{"stop", value}};
        return stop_strings(Fields(json), "stop", 2);
    };
    using Stops = std::vector<std::string>;
    EXPECT_EQ(read(nullptr), Stops());
    EXPECT_EQ(read(""), Stops());
    EXPECT_EQ(read("a"), Stops{"a"});
    EXPECT_EQ(read({"a", ""}), Stops{"a"});
    EXPECT_EQ(refused([&] { read({"a", "b", "c"}); }).parameter, "stop");
    refused([&] { read({1}); });
}

TEST(Fields, ChecksToolsAndTheirChoice) {
    const auto read = [](const char* tools) {
        const Json json{{"tools", Json::parse(tools)}};
        return checked_tools(Fields(json));
    };
    EXPECT_TRUE(read("null").is_null());
    EXPECT_TRUE(read("[]").is_null());
    const Json tools = read(R"([{"type": "function", "function": {"name": "f", "parameters": {}}}])");
    EXPECT_EQ(tools.size(), 1);
    EXPECT_EQ(refused([&] { read(R"([{"type": "x"}])"); }).parameter, "tools[0].type");
    EXPECT_EQ(refused([&] { read(R"([{"type": "function", "function": {}}])"); }).parameter,
              "tools[0].function.name");
    EXPECT_EQ(refused([&] {
                  read(R"([{"type": "function", "function": {"name": "f", "parameters": 1}}])");
              }).parameter,
              "tools[0].function.parameters");
    EXPECT_NO_THROW(check_tool_choice({ToolChoice::Kind::function, "f", true}, tools));
    EXPECT_NO_THROW(check_tool_choice({}, nullptr));
    refused([&] { check_tool_choice({ToolChoice::Kind::function, "g", true}, tools); });
    refused([&] { check_tool_choice({ToolChoice::Kind::required, "", true}, nullptr); });
}

TEST(Fields, GivesTemplatesArgumentsAsObjects) {
    EXPECT_EQ(arguments_for_template("{\"a\": 1}"), Json::parse(R"({"a": 1})"));
    EXPECT_EQ(arguments_for_template(""), Json::object());
    EXPECT_EQ(arguments_for_template(nullptr), Json::object());
    EXPECT_EQ(arguments_for_template("{broken"), "{broken");
    EXPECT_EQ(arguments_for_template(Json::parse(R"({"b": 2})")), Json::parse(R"({"b": 2})"));
}

TEST(Turns, JoinsTextOfOneRole) {
    Json messages = Json::array();
    const auto add = [&](const char* message) { append_turn(messages, Json::parse(message)); };
    add(R"({"role": "user", "content": "a"})");
    add(R"({"role": "user", "content": "b"})");
    add(R"({"role": "user", "content": "c", "name": "n"})");
    add(R"({"role": "assistant", "content": "d"})");
    add(R"({"role": "assistant", "content": "", "tool_calls": [1]})");
    add(R"({"role": "assistant", "content": "", "tool_calls": [2]})");
    add(R"({"role": "assistant", "content": "e"})");
    EXPECT_EQ(messages, Json::parse(R"([
        {"role": "user", "content": "a\n\nb"}, {"role": "user", "content": "c", "name": "n"},
        {"role": "assistant", "content": "d", "tool_calls": [1, 2]}, {"role": "assistant", "content": "e"}])"));
}

TEST(Duration, ReadsWhatClientsWrite) {
    using std::chrono::seconds;
    EXPECT_EQ(duration_of("5m"), seconds(300));
    EXPECT_EQ(duration_of("1h30m"), seconds(5400));
    EXPECT_EQ(duration_of("90s"), seconds(90));
    EXPECT_EQ(duration_of("1.5h"), seconds(5400));
    EXPECT_EQ(duration_of("300ms"), seconds(0));
    EXPECT_EQ(duration_of("90"), seconds(90));
    EXPECT_EQ(duration_of("0"), seconds(0));
    EXPECT_EQ(duration_of("-1"), seconds(-1));
    EXPECT_EQ(duration_of("-5m"), seconds(-1));
    EXPECT_EQ(duration_of("99999999999999999999h"), seconds(1'000'000'000));
    for (const auto* text : {"", "m", "5x", "5m5", "nan", "inf", "5 m", "1e3", " 5m", "-", "5mm"})
        EXPECT_EQ(duration_of(text).has_value(), std::string(text) == "5m5") << text;
}

}  // namespace
}  // namespace ovenbird
