#include "serve/api/responses.hpp"

#include <gtest/gtest.h>

#include "serve/api/test_api.hpp"

namespace ovenbird {
namespace {

Json full_request() {
    return Json::parse(R"({
        "model": "m", "instructions": "Be kind.", "max_output_tokens": 50, "temperature": 0.5, "top_p": 0.9, "top_logprobs": 2,
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"], "stream": true, "store": true, "user": "u", "truncation": "auto",
        "metadata": {"a": "b"}, "reasoning": {"effort": "minimal", "summary": "auto"}, "parallel_tool_calls": false, "previous_response_id": "",
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true}},
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true},
                  {"type": "web_search"}, {"type": "custom", "name": "patch"}],
        "tool_choice": {"type": "function", "name": "f"},
        "input": [
            {"type": "message", "role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}], "encrypted_content": null},
            {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [{"type": "output_text", "text": "Well", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\": 1}"},
            {"type": "function_call", "call_id": "call_2", "name": "f", "arguments": ""},
            {"type": "function_call_output", "call_id": "call_1", "output": "done"},
            {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "too"}]}]})");
}

TEST(Responses, ReadsEveryField) {
    const Call call = read_responses(full_request());
    EXPECT_EQ(call.model, "m");
    EXPECT_TRUE(call.stream);
    EXPECT_EQ(call.ask.max_new_tokens, 50);
    EXPECT_EQ(call.ask.sampling.temperature, 0.5);
    EXPECT_EQ(call.ask.top_log_probabilities, 2);
    EXPECT_EQ(call.ask.form.json_schema, R"({"type":"object"})");
    EXPECT_EQ(call.ask.template_arguments,
              (TemplateArguments{{"enable_thinking", "false"}, {"reasoning_effort", "\"minimal\""}}));
    EXPECT_EQ(
        call.ask.tools,
        Json::parse(
            R"([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}])"));
    EXPECT_EQ(call.tool_choice.function, "f");
    EXPECT_FALSE(call.tool_choice.parallel);
    EXPECT_EQ(call.ask.messages, Json::parse(R"([
        {"role": "system", "content": "Be kind.\n\nBe brief."}, {"role": "user", "content": "ab"},
        {"role": "assistant", "content": "Well", "reasoning_content": "hm", "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}},
            {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": {}}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"}, {"role": "tool", "tool_call_id": "call_2", "content": "too"}])"));
    EXPECT_EQ(read_responses({{"model", "m"}, {"input", "Hi"}}).ask.messages,
              Json::parse(R"([{"role": "user", "content": "Hi"}])"));
}

TEST(Responses, TakesAnyOtherKindOfEachField) {
    replace_every_field(full_request(), [](const Json& request) { (void)read_responses(request); });
}

TEST(Responses, RefusesByName) {
    const auto with = [](const char* name, const char* value) {
        return refused([&] {
                   Json request{{"model", "m"}, {"input", "Hi"}, {"tools", {{{"type", "web_search"}}}}};
                   request[name] = Json::parse(value);
                   (void)read_responses(request);
               })
            .parameter;
    };
    EXPECT_EQ(with("previous_response_id", "\"resp_1\""), "previous_response_id");
    EXPECT_EQ(with("background", "true"), "background");
    EXPECT_EQ(with("conversation", "\"c\""), "conversation");
    EXPECT_EQ(with("tool_choice", R"({"type": "web_search"})"), "tool_choice.type");
    EXPECT_EQ(with("tool_choice", R"({"type": "function", "name": "g"})"), "tool_choice");
    EXPECT_EQ(with("tool_choice", "\"required\""), "tool_choice");
    EXPECT_EQ(with("input", R"([{"type": "item_reference", "id": "x"}])"), "input[0].type");
    EXPECT_EQ(with("input", R"([{"role": "user", "content": [{"type": "input_image"}]}])"),
              "input[0].content[0].type");
    EXPECT_EQ(with("text", R"({"format": {"type": "grammar"}})"), "text.format.type");
    EXPECT_EQ(with("truncation", "\"some\""), "truncation");
}

TEST(Responses, KeepsTheToolsThatAreAllowed) {
    Json request = Json::parse(
        R"({"model": "m", "input": "Hi", "tools": [{"type": "function", "name": "f"}, {"type": "function", "name": "g"}],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}})");
    const Call call = read_responses(request);
    EXPECT_EQ(call.tool_choice.kind, ToolChoice::Kind::required);
    ASSERT_EQ(call.ask.tools.size(), 1);
    EXPECT_EQ(call.ask.tools[0].at("function").at("name"), "g");
    request["tool_choice"]["tools"][0]["name"] = "h";
    EXPECT_EQ(refused([&] { (void)read_responses(request); }).parameter, "tool_choice.tools[0].name");
}

std::vector<std::string> told(const std::vector<SseFrame>& frames) {
    std::vector<std::string> lines;
    for (size_t i = 0; i < frames.size(); ++i) {
        const Json& data = frames[i].data;
        EXPECT_EQ(frames[i].event, data.at("type"));
        EXPECT_EQ(data.at("sequence_number"), i);
        std::string line = frames[i].event;
        if (data.contains("output_index")) line += " " + data.at("output_index").dump();
        for (const auto* name : {"delta", "text", "arguments"}) {
            if (data.contains(name)) line += " " + data.at(name).dump();
        }
        lines.push_back(line);
    }
    return lines;
}

TEST(Responses, StreamsItems) {
    const Call call = read_responses(full_request());
    const auto writer = responses_format().stream(call, some_facts());
    const auto frames = sse_frames(written(*writer, some_deltas(), some_finish(End::tool_calls)));
    EXPECT_EQ(told(frames),
              (std::vector<std::string>{"response.created",
                                        "response.in_progress",
                                        "response.output_item.added 0",
                                        "response.content_part.added 0",
                                        R"(response.reasoning_text.delta 0 "hm")",
                                        R"(response.reasoning_text.delta 0 " so")",
                                        R"(response.reasoning_text.done 0 "hm so")",
                                        "response.content_part.done 0",
                                        "response.output_item.done 0",
                                        "response.output_item.added 1",
                                        "response.content_part.added 1",
                                        "response.output_text.delta 1 \"\\nLet me l\xc3\xb6\"",
                                        "response.output_text.delta 1 \"\xef\xbf\xbd ok\"",
                                        "response.output_text.done 1 \"\\nLet me l\xc3\xb6\xef\xbf\xbd ok\"",
                                        "response.content_part.done 1",
                                        "response.output_item.done 1",
                                        "response.output_item.added 2",
                                        R"(response.function_call_arguments.delta 2 "{\"city\":")",
                                        R"(response.function_call_arguments.delta 2 "\"Rome\"}")",
                                        R"(response.function_call_arguments.done 2 "{\"city\":\"Rome\"}")",
                                        "response.output_item.done 2",
                                        "response.output_item.added 3",
                                        R"(response.function_call_arguments.delta 3 "{}")",
                                        R"(response.function_call_arguments.done 3 "{}")",
                                        "response.output_item.done 3",
                                        "response.completed"}));
    const Json& item = frames[20].data.at("item");
    EXPECT_EQ(item.at("type"), "function_call");
    EXPECT_EQ(item.at("call_id"), "call_1");
    EXPECT_EQ(item.at("name"), "weather");
    EXPECT_EQ(item.at("arguments"), R"({"city":"Rome"})");
    const Json& response = frames.back().data.at("response");
    EXPECT_EQ(response.at("status"), "completed");
    EXPECT_EQ(response.at("store"), false);
    EXPECT_EQ(response.at("instructions"), "Be kind.");
    EXPECT_EQ(response.at("output").size(), 4);
    EXPECT_EQ(response.at("usage").at("input_tokens_details").at("cached_tokens"), 5);
    EXPECT_EQ(response.at("usage").at("output_tokens_details").at("reasoning_tokens"), 3);
    EXPECT_EQ(response.at("usage").at("total_tokens"), 27);
}

TEST(Responses, SaysThatAnAnswerIsCut) {
    const auto writer = responses_format().stream({}, some_facts());
    const auto frames = sse_frames(written(*writer, {{"x", "", {}, {}}}, some_finish(End::length)));
    EXPECT_EQ(frames.back().event, "response.incomplete");
    const Json& response = frames.back().data.at("response");
    EXPECT_EQ(response.at("incomplete_details").at("reason"), "max_output_tokens");
    EXPECT_EQ(response.at("output")[0].at("status"), "incomplete");
}

TEST(Responses, AnswersInWhole) {
    Call call = read_responses({{"model", "m"}, {"input", "Hi"}});
    const TokenNote note{3, "x", -0.5, {{4, "y", -1}}};
    Delta noted{"x", "", {}, {note}};
    auto deltas = some_deltas();
    deltas.push_back(noted);
    const Json whole =
        responses_format().whole(call, some_facts(), {whole_of(deltas, some_finish(End::tool_calls))});
    EXPECT_EQ(whole.at("object"), "response");
    EXPECT_EQ(whole.at("status"), "completed");
    const Json& output = whole.at("output");
    ASSERT_EQ(output.size(), 4);
    EXPECT_EQ(output[0].at("content")[0].at("text"), "hm so");
    EXPECT_EQ(output[0].at("summary"), Json::array());
    EXPECT_EQ(output[1].at("content")[0].at("type"), "output_text");
    EXPECT_EQ(output[1].at("content")[0].at("logprobs")[0].at("top_logprobs")[0].at("token"), "y");
    EXPECT_EQ(output[2].at("arguments"), R"({"city":"Rome"})");
    EXPECT_EQ(output[3].at("name"), "time");
}

TEST(Responses, TellsErrorsInTheStream) {
    const auto writer = responses_format().stream({}, some_facts());
    std::string bytes = writer->begin(1, 0);
    bytes += writer->delta(0, {"x", "", {}, {}});
    bytes += writer->error({503, "server_error", "gone \xff"});
    const auto frames = sse_frames(bytes);
    (void)told(frames);
    EXPECT_EQ(frames[frames.size() - 2].event, "error");
    const Json& response = frames.back().data.at("response");
    EXPECT_EQ(response.at("status"), "failed");
    EXPECT_EQ(response.at("error").at("code"), "server_error");
    EXPECT_EQ(response.at("output").size(), 1);
}

}  // namespace
}  // namespace ovenbird
