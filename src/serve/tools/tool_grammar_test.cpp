#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serve/tools/tool_calls.hpp"
#include "text/constraint.hpp"
#include "text/test_tokenizers.hpp"

namespace ovenbird {
namespace {

using namespace testing_text;
using Kind = ToolChoice::Kind;

Tokenizer tokenizer_with(const std::vector<std::string>& marks, bool special) {
    Json json = byte_level_json();
    for (const auto& mark : marks) {
        Json token = json["added_tokens"][0];
        token["id"] = json["added_tokens"].back()["id"].get<int>() + 1;
        token["content"] = mark;
        token["special"] = special;
        json["added_tokens"].push_back(token);
    }
    const TestFolder folder;
    write(folder / "tokenizer.json", json.dump());
    write(folder / "tokenizer_config.json", Json{{"eos_token", "<|eos|>"}}.dump());
    return Tokenizer::load(folder.path());
}

SpecialToken special_of(const Tokenizer& tokenizer) {
    return [&tokenizer](std::string_view mark) -> std::optional<int64_t> {
        const auto id = tokenizer.token_to_id(mark);
        return id && tokenizer.is_special(*id) ? id : std::nullopt;
    };
}

// Whether these tokens are allowed one by one and may end there.
testing::AssertionResult follows(Constraint constraint, const Tokenizer& tokenizer, const std::string& text) {
    for (const int64_t id : tokenizer.encode(text, false)) {
        std::vector<uint32_t> mask(mask_words(tokenizer.id_limit()));
        constraint.allowed(mask);
        if (!is_allowed(mask, static_cast<size_t>(id)))
            return testing::AssertionFailure() << "not " << tokenizer.id_to_token(id).value_or("?");
        constraint.take(id);
    }
    if (constraint.may_end()) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "may not end";
}

Json tools() {
    const Json schema = Json::parse(R"({"type": "object", "properties": {"city": {"type": "string"},
        "days": {"type": "integer"}}, "required": ["city"], "additionalProperties": false})");
    return Json::array(
        {{{"type", "function"}, {"function", {{"name", "weather"}, {"parameters", schema}}}},
         {{"type", "function"}, {"function", {{"name", "weather2"}, {"parameters", Json::object()}}}},
         {{"type", "function"}, {"function", {{"name", "clock"}}}}});
}

struct Case {
    std::string format;
    std::string one;
    std::string two;
    std::string wrong;
};

std::vector<Case> cases() {
    const auto call = [](const std::string& name, const std::string& key, const std::string& arguments) {
        return R"({"name": ")" + name + R"(", ")" + key + R"(": )" + arguments + "}";
    };
    const std::string args = R"({"city": "Köln", "days": 2})";
    const auto deepseek = [](const std::string& name, const std::string& arguments) {
        return "<｜tool▁call▁begin｜>function<｜tool▁sep｜>" + name + "\n```json\n" + arguments +
               "\n```<｜tool▁call▁end｜>";
    };
    std::vector<Case> all;
    const auto add = [&](const std::string& format, const std::string& key, const std::string& begin,
                         const std::string& head, const std::string& tail, const std::string& between,
                         const std::string& end) {
        const std::string weather = head + call("weather", key, args) + tail;
        all.push_back({format, begin + weather + end,
                       begin + weather + between + head + call("weather2", key, R"({"x": [1]})") + tail +
                           between + head + call("clock", key, "{}") + tail + end,
                       begin + head + call("weather", key, "{\"days\": 2}") + tail + end});
    };
    add("hermes", "arguments", "", "<tool_call>\n", "\n</tool_call>", "\n", "");
    add("llama", "parameters", "", "", "", "; ", "");
    add("mistral", "arguments", "[TOOL_CALLS] [", "", "", ", ", "]");
    add("phi4", "arguments", "functools[", "", "", ", ", "]");
    add("granite", "arguments", "<|tool_call|>[", "", "", ", ", "]");
    add("gemma", "arguments", "", "```tool_code\n", "\n```", "\n", "");
    const std::string begin = "<｜tool▁calls▁begin｜>";
    const std::string end = "<｜tool▁calls▁end｜>";
    all.push_back({"deepseek", begin + deepseek("weather", args) + end,
                   begin + deepseek("weather", args) + "\n" + deepseek("weather2", "{\"x\": [1]}") + "\n" +
                       deepseek("clock", "{}") + end,
                   begin + deepseek("weather", "{}") + end});
    return all;
}

size_t calls_in(const std::string& format, const std::string& text, std::string& rest) {
    const auto reader = make_tool_call_reader(format, tools());
    auto piece = reader->push(text);
    rest = piece.text + reader->finish().text;
    return piece.calls.size();
}

TEST(ToolGrammar, AllowsCallsThatTheReaderReads) {
    for (const auto& one : cases()) {
        SCOPED_TRACE(one.format);
        for (const auto* how : {"text", "token", "special"}) {
            SCOPED_TRACE(how);
            const bool special = how == std::string("special");
            const auto tokenizer = tokenizer_with(
                how == std::string("text") ? std::vector<std::string>() : tool_marks(one.format), special);
            const auto allows = [&](const ToolChoice& choice, const std::string& text) {
                return follows(Constraint::grammar(tokenizer, tool_grammar(one.format, tools(), choice,
                                                                           special_of(tokenizer))),
                               tokenizer, text);
            };
            EXPECT_TRUE(allows({Kind::required, "", true}, one.one));
            EXPECT_TRUE(allows({Kind::required, "", true}, one.two));
            EXPECT_FALSE(allows({Kind::required, "", true}, one.wrong));
            EXPECT_FALSE(allows({Kind::required, "", true}, "Hello"));
            EXPECT_TRUE(allows({Kind::required, "", false}, one.one));
            EXPECT_FALSE(allows({Kind::required, "", false}, one.two));
            EXPECT_TRUE(allows({Kind::function, "weather", true}, one.one));
            EXPECT_FALSE(allows({Kind::function, "weather", true}, one.two));
            EXPECT_FALSE(allows({Kind::function, "clock", true}, one.one));
        }
        std::string rest;
        EXPECT_EQ(calls_in(one.format, one.one, rest), 1U);
        EXPECT_EQ(rest, "");
        EXPECT_EQ(calls_in(one.format, one.two, rest), 3U);
        EXPECT_EQ(rest, "");
    }
}

TEST(ToolGrammar, TextNeverMatchesASpecialToken) {
    const auto tokenizer = tokenizer_with({"<tool_call>", "</tool_call>"}, true);
    const std::string text = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>";
    const ToolChoice choice{Kind::required, "", false};
    EXPECT_FALSE(
        follows(Constraint::grammar(tokenizer, tool_grammar("hermes", tools(), choice)), tokenizer, text));
    EXPECT_TRUE(follows(
        Constraint::grammar(tokenizer, tool_grammar("hermes", tools(), choice, special_of(tokenizer))),
        tokenizer, text));
}

TEST(ToolGrammar, ErrorsSayWhatIsWrong) {
    const auto error = [](ErrorCode code, const std::string& format, const Json& given,
                          const ToolChoice& choice, const std::string& part) {
        try {
            tool_grammar(format, given, choice);
            ADD_FAILURE() << part;
        } catch (const Error& thrown) {
            EXPECT_EQ(thrown.code(), code);
            EXPECT_TRUE(contains(thrown.what(), part));
        }
    };
    const ToolChoice any{Kind::required, "", true};
    const auto with = [](const Json& parameters) {
        return Json::array({{{"function", {{"name", "f"}, {"parameters", parameters}}}}});
    };
    error(ErrorCode::usage, "smoke", tools(), any, "smoke");
    error(ErrorCode::unsupported, "qwen3_coder", tools(), any, "qwen3_coder");
    error(ErrorCode::unsupported, "lfm2", tools(), any, "lfm2");
    error(ErrorCode::usage, "hermes", tools(), {Kind::function, "nope", true}, "nope");
    error(ErrorCode::usage, "hermes", Json::array(), any, "no function");
    error(ErrorCode::usage, "hermes", with(3), any, "'f'");
    error(ErrorCode::usage, "hermes", with({{"type", "string"}}), any, "string");
}

}  // namespace
}  // namespace ovenbird
