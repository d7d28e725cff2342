#include <gtest/gtest.h>

#include "serve/api/openai_chat.hpp"
#include "serve/api/openai_completions.hpp"
#include "serve/api/test_api.hpp"

namespace ovenbird {
namespace {

Json full_chat() {
    return Json::parse(R"({
        "model": "m", "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 9, "max_completion_tokens": 10,
        "temperature": 0.5, "top_p": 0.9, "top_k": -1, "min_p": 0.1, "repetition_penalty": 1.1, "presence_penalty": 1, "frequency_penalty": -1,
        "seed": -7, "logit_bias": {"5": -100}, "stop": ["a", "b"], "ignore_eos": false, "n": 2, "logprobs": true, "top_logprobs": 3,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}},
        "chat_template_kwargs": {"enable_thinking": false, "x": "y"}, "reasoning_effort": "minimal", "user": "u", "modalities": ["text"],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
        "messages": [
            {"role": "developer", "content": "s"}, {"role": "user", "name": "n", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": null, "reasoning_content": "hm",
             "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "done"}]})");
}

TEST(OpenaiChat, ReadsEveryField) {
    const Call call = read_openai_chat(full_chat());
    EXPECT_EQ(call.model, "m");
    EXPECT_TRUE(call.stream);
    EXPECT_TRUE(call.usage_in_stream);
    EXPECT_EQ(call.answers, 2);
    EXPECT_EQ(call.ask.max_new_tokens, 10);
    EXPECT_EQ(call.ask.top_log_probabilities, 3);
    EXPECT_EQ(call.ask.sampling.top_k, 0);
    EXPECT_EQ(call.ask.sampling.min_p, 0.1);
    EXPECT_EQ(call.ask.sampling.repetition_penalty, 1.1);
    EXPECT_EQ(call.ask.sampling.seed, static_cast<uint64_t>(-7));
    EXPECT_EQ(call.ask.sampling.logit_bias, (std::map<int64_t, double>{{5, -100}}));
    EXPECT_EQ(call.ask.stop.size(), 2);
    EXPECT_EQ(call.ask.form.json_schema, R"({"type":"object"})");
    EXPECT_EQ(call.ask.template_arguments.at("enable_thinking"), "false");
    EXPECT_EQ(call.ask.template_arguments.at("reasoning_effort"), "\"minimal\"");
    EXPECT_EQ(call.tool_choice.function, "f");
    EXPECT_FALSE(call.tool_choice.parallel);
    EXPECT_EQ(call.ask.messages, Json::parse(R"([
        {"role": "system", "content": "s"}, {"role": "user", "content": "ab", "name": "n"},
        {"role": "assistant", "content": "", "reasoning_content": "hm",
         "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}, "id": "call_1"}]},
        {"role": "tool", "content": "done", "tool_call_id": "call_1"}])"));
}

TEST(OpenaiChat, TakesAnyOtherKindOfEachField) {
    replace_every_field(full_chat(), [](const Json& request) { (void)read_openai_chat(request); });
}

TEST(OpenaiChat, RefusesByName) {
    const auto with = [](const char* name, const char* value) {
        return refused([&] {
                   Json request{{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}};
                   request[name] = Json::parse(value);
                   (void)read_openai_chat(request);
               })
            .parameter;
    };
    EXPECT_EQ(with("audio", R"({"voice": "x"})"), "audio");
    EXPECT_EQ(with("functions", "[{}]"), "functions");
    EXPECT_EQ(with("modalities", R"(["audio"])"), "modalities");
    EXPECT_EQ(with("top_logprobs", "2"), "top_logprobs");
    EXPECT_EQ(with("tool_choice", "\"required\""), "tool_choice");
    EXPECT_EQ(with("response_format", R"({"type": "xml"})"), "response_format.type");
    EXPECT_EQ(with("logit_bias", R"({"x": 1})"), "logit_bias");
    EXPECT_EQ(with("n", "0"), "n");
    EXPECT_EQ(with("messages", R"([{"role": "nobody", "content": ""}])"), "messages[0].role");
    EXPECT_EQ(with("tool_choice", R"({"type": "allowed_tools"})"), "tool_choice.allowed_tools");
    EXPECT_EQ(with("tool_choice", R"({"type": "allowed_tools", "allowed_tools": {"mode": "none"}})"),
              "tool_choice.allowed_tools.mode");
}

TEST(OpenaiChat, KeepsTheToolsThatAreAllowed) {
    Json request = full_chat();
    request["tools"].push_back(Json::parse(R"({"type": "function", "function": {"name": "g"}})"));
    request["tool_choice"] = Json::parse(
        R"({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}})");
    const Call call = read_openai_chat(request);
    EXPECT_EQ(call.tool_choice.kind, ToolChoice::Kind::required);
    EXPECT_FALSE(call.tool_choice.parallel);
    ASSERT_EQ(call.ask.tools.size(), 1);
    EXPECT_EQ(call.ask.tools[0].at("function").at("name"), "g");
    request["tool_choice"]["allowed_tools"]["tools"][0]["function"]["name"] = "h";
    EXPECT_EQ(refused([&] { (void)read_openai_chat(request); }).parameter,
              "tool_choice.allowed_tools.tools[0].function.name");
}

TEST(OpenaiChat, StreamsAsItsClientsExpect) {
    Call call;
    call.usage_in_stream = true;
    const auto writer = openai_chat_format().stream(call, some_facts());
    const auto frames = sse_frames(written(*writer, some_deltas(), some_finish(End::tool_calls)));
    ASSERT_EQ(frames.size(), some_deltas().size() + 4);
    EXPECT_EQ(frames[0].data.at("choices")[0].at("delta"),
              Json::parse(R"({"role": "assistant", "content": ""})"));
    EXPECT_EQ(frames[1].data.at("choices")[0].at("delta"), Json::parse(R"({"reasoning_content": "hm"})"));
    EXPECT_EQ(frames[6].data.at("choices")[0].at("delta"),
              Json::parse(R"({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
        "function": {"name": "weather", "arguments": ""}}]})"));
    for (size_t i = 1; i + 1 < frames.size(); ++i) {
        EXPECT_EQ(frames[i].data.at("id"), "chatcmpl-abcdefghijklmnopqrstuvwx");
        for (const auto& choice : frames[i].data.at("choices"))
            EXPECT_FALSE(choice.at("delta").contains("role"));
    }
    const Json& last = frames[frames.size() - 3].data.at("choices")[0];
    EXPECT_EQ(last.at("delta"), Json::object());
    EXPECT_EQ(last.at("finish_reason"), "tool_calls");
    const Json& usage = frames[frames.size() - 2].data;
    EXPECT_EQ(usage.at("choices"), Json::array());
    EXPECT_EQ(usage.at("usage").at("total_tokens"), 27);
    EXPECT_EQ(usage.at("usage").at("prompt_tokens_details").at("cached_tokens"), 5);
    EXPECT_EQ(frames.back().data, "[DONE]");
    const auto failed = sse_frames(writer->error({500, "server_error", "gone"}));
    EXPECT_EQ(failed.at(0).data.at("error").at("message"), "gone");
}

TEST(OpenaiChat, AnswersInWhole) {
    const auto answer = whole_of(some_deltas(), some_finish(End::length));
    const Json whole = openai_chat_format().whole({}, some_facts(), {answer, answer});
    ASSERT_EQ(whole.at("choices").size(), 2);
    const Json& choice = whole.at("choices")[1];
    EXPECT_EQ(choice.at("index"), 1);
    EXPECT_EQ(choice.at("finish_reason"), "length");
    EXPECT_EQ(choice.at("message").at("reasoning_content"), "hm so");
    EXPECT_EQ(choice.at("message").at("tool_calls")[0].at("function").at("arguments"), R"({"city":"Rome"})");
    EXPECT_EQ(whole.at("usage").at("prompt_tokens"), 20);
    EXPECT_EQ(whole.at("usage").at("completion_tokens"), 14);
}

Json full_completion() {
    return Json::parse(
        R"({"model": "m", "prompt": "Once", "max_tokens": 4, "temperature": 0, "logprobs": 2, "n": 2, "best_of": 2, "stop": "x",
        "stream": false, "echo": false, "suffix": "", "user": "u", "seed": 1})");
}

TEST(OpenaiCompletions, ReadsEveryField) {
    const Call call = read_openai_completion(full_completion());
    EXPECT_EQ(call.ask.text, "Once");
    EXPECT_EQ(call.ask.max_new_tokens, 4);
    EXPECT_EQ(call.ask.top_log_probabilities, 2);
    EXPECT_EQ(read_openai_completion({{"model", "m"}, {"prompt", {1, 2}}}).ask.ids,
              (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(read_openai_completion({{"model", "m"}, {"prompt", {"one"}}}).ask.text, "one");
    EXPECT_EQ(read_openai_completion({{"model", "m"}, {"prompt", "p"}}).ask.max_new_tokens, 16);
    EXPECT_EQ(refused([] {
                  read_openai_completion({{"model", "m"}, {"prompt", {"one", "two"}}});
              }).parameter,
              "prompt");
    EXPECT_EQ(refused([] {
                  read_openai_completion({{"model", "m"}, {"prompt", "p"}, {"suffix", "s"}});
              }).parameter,
              "suffix");
    replace_every_field(full_completion(),
                        [](const Json& request) { (void)read_openai_completion(request); });
}

TEST(OpenaiCompletions, EchoesAndCountsOffsets) {
    Call call;
    call.ask.text = "Once";
    call.echo = true;
    const auto writer = openai_completions_format().stream(call, some_facts());
    const auto frames =
        sse_frames(written(*writer, {{" upon", "", {}, {}}, {" a", "", {}, {}}}, some_finish(End::stop)));
    ASSERT_EQ(frames.size(), 4);
    EXPECT_EQ(frames[0].data.at("choices")[0].at("text"), "Once upon");
    EXPECT_EQ(frames[1].data.at("choices")[0].at("text"), " a");
    EXPECT_EQ(frames[2].data.at("choices")[0].at("finish_reason"), "stop");

    Call noted;
    noted.ask.top_log_probabilities = 1;
    const TokenNote note{3, "ab", -0.5, {{4, "cd", -1}}};
    const Json whole = openai_completions_format().whole(
        noted, some_facts(), {whole_of({{"abab", "", {}, {note, note}}}, some_finish(End::stop))});
    const Json& logprobs = whole.at("choices")[0].at("logprobs");
    EXPECT_EQ(logprobs.at("text_offset"), Json::array({0, 2}));
    EXPECT_EQ(logprobs.at("top_logprobs")[0], Json::parse(R"({"cd": -1.0})"));
}

}  // namespace
}  // namespace ovenbird
