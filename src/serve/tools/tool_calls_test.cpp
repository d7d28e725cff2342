#include "serve/tools/tool_calls.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>

#include "base/error.hpp"

namespace ovenbird {
namespace {

Json tool(const std::string& name, const Json& properties) {
    return {{"type", "function"},
            {"function", {{"name", name}, {"parameters", {{"type", "object"}, {"properties", properties}}}}}};
}

Json tools() {
    return Json::array({tool("weather", {{"city", {{"type", "string"}}},
                                         {"days", {{"type", "integer"}}},
                                         {"note", {{"type", Json::array({"string", "null"})}}}}),
                        tool("clock", Json::object())});
}

struct Told {
    std::string text;
    std::vector<ToolCall> calls;
};

void add(Told& told, const ToolCallReader::Piece& piece) {
    told.text += piece.text;
    for (const auto& call : piece.calls) {
        const auto index = static_cast<size_t>(call.index);
        ASSERT_LE(index, told.calls.size());
        if (index == told.calls.size()) {
            EXPECT_FALSE(call.id.empty());
            EXPECT_FALSE(call.name.empty());
            told.calls.push_back({call.id, call.name, ""});
        } else {
            EXPECT_EQ(index + 1, told.calls.size()) << "an earlier call went on";
            EXPECT_TRUE(call.id.empty() && call.name.empty());
        }
        told.calls.back().arguments += call.arguments;
    }
}

Told read_cut(const std::string& format, const std::string& text, const std::vector<size_t>& cuts) {
    const auto reader = make_tool_call_reader(format, tools());
    Told told;
    size_t from = 0;
    for (const size_t cut : cuts) {
        add(told, reader->push(std::string_view(text).substr(from, cut - from)));
        from = cut;
    }
    add(told, reader->push(std::string_view(text).substr(from)));
    add(told, reader->finish());
    return told;
}

Told read_all(const std::string& format, const std::string& text) {
    return read_cut(format, text, {});
}

std::string shown(const Told& told) {
    std::string all = told.text;
    for (const auto& call : told.calls)
        all += " | " + call.name + " " + call.arguments;
    return all;
}

struct Case {
    const char* format;
    std::string text;
    std::string shown;
};

const std::string kDsBegin = "<｜tool▁calls▁begin｜>";
const std::string kDsEnd = "<｜tool▁calls▁end｜>";

std::string deepseek_call(const std::string& name, const std::string& arguments) {
    return "<｜tool▁call▁begin｜>function<｜tool▁sep｜>" + name + "\n```json\n" + arguments +
           "\n```<｜tool▁call▁end｜>";
}

std::vector<Case> cases() {
    const std::string one = R"({"name": "weather", "arguments": {"days": 2, "city": "a}b\"</tool_call>]"}})";
    const std::string args = R"({"days": 2, "city": "a}b\"</tool_call>]"})";
    const std::string clock = R"({"name": "clock", "arguments": {}})";
    const std::string both = " | weather " + args + " | clock {}";
    return {
        {"hermes",
         "Hi < there <tool_call>\n" + one + "\n</tool_call>\n<tool_call>\n" + clock + "\n</tool_call>\n",
         "Hi < there " + both},
        {"hermes", "<tool_call>" + one + "</tool_call> and\n more", " and\n more | weather " + args},
        {"hermes", R"(<tool_call>{"arguments": {"city": "x"}, "type": 1, "name": "weather"})",
         R"( | weather {"city": "x"})"},
        {"hermes", R"(<tool_call>{"name": "weather", "arguments": "{\"city\": \"x\"}"}</tool_call>)",
         R"( | weather {"city": "x"})"},
        {"hermes", R"(<tool_call>{"name": "clock"}</tool_call>)", " | clock {}"},
        {"hermes", R"(<tool_call>{"name": "nope", "arguments": {}}</tool_call>)",
         R"(<tool_call>{"name": "nope", "arguments": {}}</tool_call>)"},
        {"hermes", "<tool_call>is a mark <tool", "<tool_call>is a mark <tool"},
        {"hermes", "<tool_call>\n<tool_call>" + clock, "<tool_call>\n | clock {}"},
        {"hermes", "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"a\nb\"}}",
         " | weather {\"city\": \"a\\nb\"}"},
        {"hermes", R"(<tool_call>{"name": "weather", "arguments": {"city": "x" oops}}</tool_call>)",
         R"(oops}}</tool_call> | weather {"city": "x" )"},
        {"hermes", R"(<tool_call>{"name": "weather", "arg)", R"(<tool_call>{"name": "weather", "arg)"},
        {"hermes", R"(<tool_call>{"name": "weather", "arguments": {"city": "Par)",
         R"( | weather {"city": "Par)"},
        {"llama",
         R"(<|python_tag|>{"name": "weather", "parameters": {"city": "x;"}}; {"name": "clock", "parameters": {}})",
         R"( | weather {"city": "x;"} | clock {})"},
        {"llama", R"( {"name": "weather", "parameters": {"city": "x"}})", R"( | weather {"city": "x"})"},
        {"llama", R"(A {"name": "weather", "parameters": {"city": "x"}})",
         R"(A {"name": "weather", "parameters": {"city": "x"}})"},
        {"llama", R"( {"name": "weather"} {"a": 1})", R"( {"name": "weather"} {"a": 1})"},
        {"llama", "  ", "  "},
        {"llama", "<|python_tag|>print(1)", "<|python_tag|>print(1)"},
        {"mistral", "Well. [TOOL_CALLS] [" + one + ", " + clock + "]", "Well. " + both},
        {"mistral", "[TOOL_CALLS]weather[ARGS]" + args + "[TOOL_CALLS]clock[CALL_ID]abcdefghi[ARGS]{}", both},
        {"mistral", "[TOOL_CALLS]nope[ARGS]{} [TOOL_CALLS]clock{}", "[TOOL_CALLS]nope[ARGS]{}  | clock {}"},
        {"phi4", "functools[" + one + "," + clock + "]", both},
        {"phi4", "<|tool_call|>[" + one + "," + clock + "]<|/tool_call|>", both},
        {"phi4", "functools is a module; functools[0]", "functools is a module; functools[0]"},
        {"granite", "<|tool_call|>[" + one + ", " + clock + "]", both},
        {"granite", "<tool_call>[" + one + "]\n", " | weather " + args},
        {"gemma", "See:\n```tool_code\n" + one + "\n```\n```json\n[" + clock + "]\n```", "See:\n" + both},
        {"gemma", "```json\n{\"a\": 1}\n```", "```json\n{\"a\": 1}\n```"},
        {"deepseek",
         "é" + kDsBegin + deepseek_call("weather", args) + "\n" + deepseek_call("clock", "{}") + kDsEnd,
         "é" + both},
        {"deepseek",
         kDsBegin + "<｜tool▁call▁begin｜>weather<｜tool▁sep｜>" + args + "<｜tool▁call▁end｜>" + kDsEnd +
             " x",
         " x | weather " + args},
        {"deepseek", kDsBegin + deepseek_call("nope", "{}"), kDsBegin + deepseek_call("nope", "{}")},
        {"qwen3_coder",
         "Hm\n<tool_call>\n<function=weather>\n<parameter=city>\n\"a\"\n<b>\n</"
         "parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>",
         R"(Hm
 | weather {"city": "\"a\"\n<b>", "days": 2})"},
        {"qwen3_coder",
         "<function=clock></function>\n<function=weather><parameter=days>two</"
         "parameter><parameter=note>None</parameter><parameter=x>{\"k\": [1]}</parameter></function>",
         R"( | clock {} | weather {"days": "two", "note": null, "x": {"k": [1]}})"},
        {"qwen3_coder", "<tool_call>\n<function=nope>\n</function>\n</tool_call>",
         "<tool_call>\n<function=nope>\n</function>\n</tool_call>"},
        {"lfm2",
         R"(Ok <|tool_call_start|>[weather(city="a)]'b", days=-2, note=None), clock()]<|tool_call_end|> done)",
         R"(Ok  done | weather {"city": "a)]'b", "days": -2, "note": null} | clock {})"},
        {"lfm2",
         R"(<|tool_call_start|>[weather(x=[1, (True,), {'k': 'it\'s\x41'},], y={}, z=[])]<|tool_call_end|>)",
         R"( | weather {"x": [1, [true], {"k": "it's\u0041"}], "y": {}, "z": []})"},
        {"lfm2", "<|tool_call_start|>[weather(3)]<|tool_call_end|>",
         "<|tool_call_start|>[weather(3)]<|tool_call_end|>"},
    };
}

TEST(ToolCalls, EachFormatIsRead) {
    for (const auto& one : cases())
        EXPECT_EQ(shown(read_all(one.format, one.text)), one.shown) << one.format << ": " << one.text;
}

TEST(ToolCalls, CutsChangeNothing) {
    std::mt19937 random(7);
    for (const auto& one : cases()) {
        for (size_t cut = 0; cut <= one.text.size(); ++cut)
            ASSERT_EQ(shown(read_cut(one.format, one.text, {cut})), one.shown)
                << one.format << " cut at " << cut;
        for (int round = 0; round < 30; ++round) {
            std::set<size_t> cuts;
            for (size_t i = 0; i < one.text.size() / 3; ++i)
                cuts.insert(random() % (one.text.size() + 1));
            ASSERT_EQ(shown(read_cut(one.format, one.text, {cuts.begin(), cuts.end()})), one.shown)
                << one.format;
        }
    }
}

TEST(ToolCalls, MutatedCallsNeitherCrashNorDependOnCuts) {
    std::mt19937 random(11);
    const std::string bytes = std::string("{}[]()\"'\\,:;=<>|` \n01ea") + '\0' + "\xe2\xff";
    for (const auto& one : cases()) {
        for (int round = 0; round < 300; ++round) {
            std::string text = one.text;
            for (size_t edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
                const size_t at = random() % text.size();
                const size_t size = 1 + random() % 8;
                switch (random() % 4) {
                    case 0:
                        text.erase(at, size);
                        break;
                    case 1:
                        text.insert(at, 1, bytes[random() % bytes.size()]);
                        break;
                    case 2:
                        text[at] = bytes[random() % bytes.size()];
                        break;
                    default:
                        text.insert(at, text.substr(random() % text.size(), size * 4));
                        break;
                }
            }
            std::vector<size_t> each(text.size());
            for (size_t i = 0; i < each.size(); ++i)
                each[i] = i;
            ASSERT_EQ(shown(read_all(one.format, text)), shown(read_cut(one.format, text, each)))
                << one.format << ": " << text;
        }
    }
}

TEST(ToolCalls, TimeIsLinear) {
    const auto longer = [](const std::string& part, size_t bytes) {
        std::string text;
        while (text.size() < bytes)
            text += part;
        return text;
    };
    for (const auto& format : tool_format_names()) {
        for (const std::string part :
             {"<tool_call>{\"a\": \"", "{", "[", "<", "\n", "<tool_call>{\"name\": \"clock\"}\n\n",
              "<function=clock>", "functools[", "[TOOL_CALLS]", "<|tool_call_start|>[clock(", "```json\n{",
              "<｜tool▁calls▁begin｜>"}) {
            const auto start = std::chrono::steady_clock::now();
            const auto reader = make_tool_call_reader(format, tools());
            size_t bytes = 0;
            const std::string text = longer(part, 1 << 18);
            for (size_t at = 0; at < text.size(); at += 5)
                bytes += reader->push(std::string_view(text).substr(at, 5)).text.size();
            bytes += reader->finish().text.size();
            EXPECT_LE(bytes, text.size());
            EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5))
                << format << " " << part;
        }
    }
}

TEST(ToolCalls, PiecesComeAsSoonAsTheyAreCertain) {
    const auto reader = make_tool_call_reader("hermes", tools());
    EXPECT_EQ(reader->push("Hello <").text, "Hello ");
    EXPECT_EQ(reader->push("b> <tool_").text, "<b> ");
    EXPECT_TRUE(reader->push("call>{\"name\": \"weather\", \"arguments\": ").calls.empty());
    auto calls = reader->push("{\"ci").calls;
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].name, "weather");
    EXPECT_EQ(calls[0].id.size(), 29U);
    EXPECT_EQ(calls[0].id.substr(0, 5), "call_");
    EXPECT_EQ(calls[0].arguments, "{\"ci");
    calls = reader->push("ty\"").calls;
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].arguments, "ty\"");
    EXPECT_TRUE(calls[0].id.empty() && calls[0].name.empty());
}

TEST(ToolCalls, MistralsIdsHaveNineCharacters) {
    EXPECT_EQ(
        read_all("mistral", R"([TOOL_CALLS] [{"name": "clock", "arguments": {}}])").calls.at(0).id.size(),
        9U);
    EXPECT_EQ(read_all("mistral", "[TOOL_CALLS]clock[CALL_ID]abcdefghi[ARGS]{}").calls.at(0).id, "abcdefghi");
    EXPECT_EQ(read_all("mistral", "[TOOL_CALLS]clock[CALL_ID]short[ARGS]{}").calls.at(0).id.size(), 9U);
}

TEST(ToolCalls, AnUnknownFormatIsAnError) {
    try {
        make_tool_call_reader("smoke", tools());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_NE(std::string(error.what()).find("hermes"), std::string::npos);
    }
}

}  // namespace
}  // namespace ovenbird
