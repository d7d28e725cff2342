#include "serve/api/anthropic.hpp"

#include <gtest/gtest.h>

#include "serve/api/test_api.hpp"

namespace ovenbird {
namespace {

Json full_request() {
    return Json::parse(R"({
        "model": "m", "max_tokens": 100, "stream": true, "temperature": 0.5, "top_p": 0.9, "top_k": 4,
        "stop_sequences": ["END"], "metadata": {"user_id": "u"}, "service_tier": "auto",
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "Be brief."}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "tools": [{"name": "weather", "description": "d", "input_schema": {"type": "object"}}, {"type": "custom", "name": "time", "input_schema": {}}],
        "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": true},
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "user", "content": [{"type": "text", "text": "there"}, {"type": "text", "text": "again"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": ""},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "Well"},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}},
                {"type": "tool_use", "id": "toolu_2", "name": "time", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "sunny"}]},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no clock", "is_error": true},
                {"type": "text", "text": "Go on"}]}]})");
}

TEST(Anthropic, ReadsEveryField) {
    const Call call = read_anthropic(full_request());
    EXPECT_EQ(call.model, "m");
    EXPECT_TRUE(call.stream);
    EXPECT_EQ(call.ask.max_new_tokens, 100);
    EXPECT_EQ(call.ask.sampling.temperature, 0.5);
    EXPECT_EQ(call.ask.sampling.top_p, 0.9);
    EXPECT_EQ(call.ask.sampling.top_k, 4);
    EXPECT_EQ(call.ask.stop, std::vector<std::string>{"END"});
    EXPECT_TRUE(call.thinks_apart);
    EXPECT_EQ(call.ask.template_arguments,
              (TemplateArguments{{"enable_thinking", "true"}, {"reasoning_effort", "\"low\""}}));
    EXPECT_EQ(call.ask.form.json_schema, R"({"type":"object"})");
    EXPECT_EQ(call.ask.tools, Json::parse(R"([
        {"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "time", "parameters": {}}}])"));
    EXPECT_EQ(call.tool_choice.kind, ToolChoice::Kind::function);
    EXPECT_EQ(call.tool_choice.function, "weather");
    EXPECT_FALSE(call.tool_choice.parallel);
    EXPECT_EQ(call.ask.messages, Json::parse(R"([
        {"role": "system", "content": "Be kind.\n\nBe brief."},
        {"role": "user", "content": "Hi\n\nthere\n\nagain"},
        {"role": "assistant", "content": "Well", "reasoning_content": "hm", "tool_calls": [
            {"id": "toolu_1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}},
            {"id": "toolu_2", "type": "function", "function": {"name": "time", "arguments": {}}}]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "Error: no clock"},
        {"role": "user", "content": "Go on"}])"));
}

TEST(Anthropic, TakesAnyOtherKindOfEachField) {
    replace_every_field(full_request(), [](const Json& request) { (void)read_anthropic(request); });
    replace_every_field(full_request(), [](const Json& request) { (void)read_anthropic_count(request); });
}

Call short_call(const Json& more) {
    Json request{{"model", "m"}, {"max_tokens", 5}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}};
    request.update(more);
    return read_anthropic(request);
}

TEST(Anthropic, ThinksOnlyWhenItIsAskedTo) {
    EXPECT_EQ(short_call(Json::object()).ask.template_arguments.at("enable_thinking"), "false");
    EXPECT_FALSE(short_call(Json::object()).thinks_apart);
    EXPECT_EQ(short_call({{"thinking", {{"type", "disabled"}}}}).ask.template_arguments.at("enable_thinking"),
              "false");
    EXPECT_EQ(short_call({{"thinking", {{"type", "adaptive"}}}}).ask.template_arguments.at("enable_thinking"),
              "true");
    EXPECT_FALSE(short_call({{"thinking", {{"type", "adaptive"}, {"display", "omitted"}}}}).thinks_apart);
}

TEST(Anthropic, GoesOnWithTheAssistantsLastMessage) {
    const Json messages =
        Json::parse(R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "{\"a\":"}])");
    const Call call = short_call({{"messages", messages}});
    EXPECT_EQ(call.ask.prefix, "{\"a\":");
    EXPECT_EQ(call.ask.messages.size(), 1);
    const auto error = refused([&] {
        short_call({{"messages", messages}, {"thinking", {{"type", "enabled"}}}});
    });
    EXPECT_EQ(error.parameter, "thinking");
    EXPECT_EQ(refused([&] { short_call({{"messages", Json::array({messages[1]})}}); }).parameter, "messages");
}

TEST(Anthropic, RefusesByName) {
    EXPECT_EQ(refused([] {
                  read_anthropic({{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}});
              }).parameter,
              "max_tokens");
    const Json image = Json::parse(R"([{"role": "user", "content": [{"type": "image", "source": {}}]}])");
    EXPECT_EQ(refused([&] { short_call({{"messages", image}}); }).parameter, "messages[0].content[0].type");
    const Json tools = Json::parse(R"([{"type": "web_search_20250305", "name": "web_search"}])");
    EXPECT_EQ(refused([&] { short_call({{"tools", tools}}); }).parameter, "tools[0].type");
    EXPECT_EQ(refused([] { short_call({{"tool_choice", {{"type", "any"}}}}); }).parameter, "tool_choice");
    EXPECT_EQ(refused([] { short_call({{"mcp_servers", {{{"url", "x"}}}}}); }).parameter, "mcp_servers");
}

std::vector<std::string> told(const std::vector<SseFrame>& frames) {
    std::vector<std::string> lines;
    for (const auto& frame : frames) {
        EXPECT_EQ(frame.event, frame.data.at("type"));
        std::string line = frame.event;
        if (frame.data.contains("index")) line += " " + frame.data.at("index").dump();
        if (frame.data.contains("content_block")) line += " " + frame.data.at("content_block").dump();
        if (frame.data.contains("delta")) line += " " + frame.data.at("delta").dump();
        lines.push_back(line);
    }
    return lines;
}

TEST(Anthropic, StreamsBlocks) {
    const auto writer = anthropic_format().stream({}, some_facts());
    const auto frames = sse_frames(written(*writer, some_deltas(), some_finish(End::tool_calls)));
    EXPECT_EQ(
        told(frames),
        (std::vector<std::string>{
            "message_start", R"(content_block_start 0 {"type":"thinking","thinking":"","signature":""})",
            R"(content_block_delta 0 {"type":"thinking_delta","thinking":"hm"})",
            R"(content_block_delta 0 {"type":"thinking_delta","thinking":" so"})",
            R"(content_block_delta 0 {"type":"signature_delta","signature":""})", "content_block_stop 0",
            R"(content_block_start 1 {"type":"text","text":""})",
            "content_block_delta 1 {\"type\":\"text_delta\",\"text\":\"\\nLet me l\xc3\xb6\"}",
            "content_block_delta 1 {\"type\":\"text_delta\",\"text\":\"\xef\xbf\xbd ok\"}",
            "content_block_stop 1",
            R"(content_block_start 2 {"type":"tool_use","id":"toolu_1","name":"weather","input":{}})",
            R"(content_block_delta 2 {"type":"input_json_delta","partial_json":"{\"city\":"})",
            R"(content_block_delta 2 {"type":"input_json_delta","partial_json":"\"Rome\"}"})",
            "content_block_stop 2",
            R"(content_block_start 3 {"type":"tool_use","id":"toolu_2","name":"time","input":{}})",
            R"(content_block_delta 3 {"type":"input_json_delta","partial_json":"{}"})",
            "content_block_stop 3", R"(message_delta {"stop_reason":"tool_use","stop_sequence":null})",
            "message_stop"}));
    const Json& message = frames.front().data.at("message");
    EXPECT_EQ(message.at("id"), "msg_abcdefghijklmnopqrstuvwx");
    EXPECT_EQ(message.at("model"), "house/model");
    EXPECT_EQ(
        message.at("usage"),
        Json::parse(
            R"({"input_tokens":15,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":0})"));
    EXPECT_EQ(frames[17].data.at("usage").at("output_tokens"), 7);
}

TEST(Anthropic, SaysHowAnAnswerEnded) {
    for (const auto& [end, text, reason] : {std::tuple{End::stop, "", "end_turn"},
                                            {End::length, "", "max_tokens"},
                                            {End::stop_string, "END", "stop_sequence"}}) {
        const auto writer = anthropic_format().stream({}, some_facts());
        const auto frames = sse_frames(written(*writer, {{"x", "", {}, {}}}, some_finish(end, text)));
        const Json& delta = frames.at(frames.size() - 2).data.at("delta");
        EXPECT_EQ(delta.at("stop_reason"), reason);
        EXPECT_EQ(delta.at("stop_sequence"), *text != 0 ? Json(text) : Json(nullptr));
        const Json whole = anthropic_format().whole({}, some_facts(),
                                                    {whole_of({{"x", "", {}, {}}}, some_finish(end, text))});
        EXPECT_EQ(whole.at("stop_reason"), reason);
    }
}

TEST(Anthropic, AnswersInWhole) {
    const Json whole =
        anthropic_format().whole({}, some_facts(), {whole_of(some_deltas(), some_finish(End::tool_calls))});
    EXPECT_EQ(whole.at("type"), "message");
    EXPECT_EQ(whole.at("stop_reason"), "tool_use");
    const Json& content = whole.at("content");
    ASSERT_EQ(content.size(), 4);
    EXPECT_EQ(content[0].at("thinking"), "hm so");
    EXPECT_EQ(content[1].at("type"), "text");
    EXPECT_EQ(content[2],
              Json::parse(R"({"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Rome"}})"));
    EXPECT_EQ(content[3].at("input"), Json::object());
}

TEST(Anthropic, TellsErrorsAndThatItLives) {
    const auto writer = anthropic_format().stream({}, some_facts());
    EXPECT_EQ(writer->heartbeat(), "event: ping\ndata: {\"type\":\"ping\"}\n\n");
    const auto frames = sse_frames(writer->error({503, "server_busy", "busy \xff"}));
    ASSERT_EQ(frames.size(), 1);
    EXPECT_EQ(frames[0].event, "error");
    EXPECT_EQ(frames[0].data.at("error").at("type"), "overloaded_error");
    EXPECT_EQ(anthropic_format().error({404, "not_found_error", "none"}).at("error").at("type"),
              "not_found_error");
    EXPECT_EQ(anthropic_format().error({400, "x", "none"}).at("error"),
              Json::parse(R"({"type":"invalid_request_error","message":"none"})"));
}

}  // namespace
}  // namespace ovenbird
