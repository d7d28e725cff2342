#include "serve/api/ollama.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "serve/api/duration.hpp"
#include "serve/api/test_api.hpp"

namespace ovenbird {
namespace {

Json full_chat() {
    return Json::parse(R"({
        "model": "m", "stream": false, "think": true, "keep_alive": "5m", "format": {"type": "object"}, "logprobs": true, "top_logprobs": 2,
        "options": {"num_ctx": 4096, "num_predict": 7, "temperature": 0.5, "top_k": 4, "top_p": 0.9, "min_p": 0.1, "seed": 3,
                    "repeat_penalty": 1.1, "presence_penalty": 0.1, "frequency_penalty": 0.2, "stop": ["END"], "num_thread": 4},
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
        "messages": [
            {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Rome"}}}]},
            {"role": "tool", "tool_name": "weather", "content": "sunny"}]})");
}

TEST(Ollama, ReadsEveryField) {
    const OllamaCall read = read_ollama_chat(full_chat());
    const Call& call = read.call;
    EXPECT_TRUE(read.answers);
    EXPECT_FALSE(call.stream);
    EXPECT_EQ(call.keep_alive_s, 300);
    EXPECT_EQ(call.ask.max_new_tokens, 7);
    EXPECT_EQ(call.ask.sampling.seed, 3U);
    EXPECT_EQ(call.ask.sampling.repetition_penalty, 1.1);
    EXPECT_EQ(call.ask.stop, std::vector<std::string>{"END"});
    EXPECT_EQ(call.ask.form.json_schema, R"({"type":"object"})");
    EXPECT_EQ(call.ask.template_arguments.at("enable_thinking"), "true");
    EXPECT_EQ(call.ask.messages[2]["tool_calls"][0]["function"]["arguments"]["city"], "Rome");
    EXPECT_EQ(call.ask.messages[2]["reasoning_content"], "hm");
    EXPECT_EQ(call.ask.messages[3]["name"], "weather");
    EXPECT_TRUE(
        read_ollama_chat({{"name", "m"}, {"messages", Json::array({{{"role", "user"}, {"content", "x"}}})}})
            .call.stream);
    EXPECT_FALSE(read_ollama_chat({{"model", "m"}, {"keep_alive", 0}}).answers);
}

TEST(Ollama, APromptIsAMessageUnlessItIsRaw) {
    const Json request{{"model", "m"}, {"prompt", "Hi"}, {"system", "Be kind."}};
    EXPECT_EQ(read_ollama_generate(request).call.ask.messages.size(), 2U);
    const Call raw = read_ollama_generate({{"model", "m"}, {"prompt", "Hi"}, {"raw", true}}).call;
    EXPECT_TRUE(raw.ask.messages.is_null());
    EXPECT_EQ(raw.ask.text, "Hi");
    EXPECT_EQ(refused([] {
                  read_ollama_generate({{"model", "m"}, {"prompt", "Hi"}, {"images", {"x"}}});
              }).parameter,
              "images");
}

TEST(Ollama, OddFieldsAreRefused) {
    replace_every_field(full_chat(), [](const Json& json) { (void)read_ollama_chat(json); });
    replace_every_field(
        {{"model", "m"}, {"prompt", "Hi"}, {"system", "s"}, {"raw", false}, {"options", {{"seed", 1}}}},
        [](const Json& json) { (void)read_ollama_generate(json); });
}

std::vector<Json> lines_of(const std::string& bytes) {
    std::vector<Json> lines;
    std::istringstream stream(bytes);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(Json::parse(line));
    return lines;
}

TEST(Ollama, StreamsALineAnObjectAndCallsInWhole) {
    const Call call = read_ollama_chat(full_chat()).call;
    const auto writer = ollama_chat_format().stream(call, some_facts());
    const auto lines = lines_of(written(*writer, some_deltas(), some_finish(End::tool_calls)));
    std::string content;
    std::string thinking;
    Json calls = Json::array();
    for (const Json& line : lines) {
        EXPECT_EQ(line.at("model"), "house/model");
        content += line.at("message").value("content", "");
        thinking += line.at("message").value("thinking", "");
        for (const Json& each : line.at("message").value("tool_calls", Json::array()))
            calls.push_back(each);
    }
    EXPECT_EQ(thinking, "hm so");
    EXPECT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0]["function"]["arguments"]["city"], "Rome");
    EXPECT_TRUE(lines.back().at("done").get<bool>());
    EXPECT_EQ(lines.back().at("done_reason"), "stop");
    EXPECT_EQ(lines.back().at("eval_count"), 7);
    EXPECT_EQ(lines_of(writer->error({500, "server_error", "broken"})).at(0).at("error"), "broken");
    EXPECT_EQ(lines_of(writer->heartbeat()).at(0).at("done"), false);
}

TEST(Ollama, AnAnswerInWholeSaysTheSame) {
    const Call call = read_ollama_chat(full_chat()).call;
    const Json whole =
        ollama_chat_format().whole(call, some_facts(), {whole_of(some_deltas(), some_finish(End::length))});
    EXPECT_EQ(whole.at("message").at("tool_calls").size(), 2U);
    EXPECT_EQ(whole.at("done_reason"), "length");
    EXPECT_EQ(whole.at("prompt_eval_count"), 20);
    EXPECT_EQ(ollama_opened(ollama_generate_format(), some_facts(), "load").at("done_reason"), "load");
}

TEST(Durations, AsClientsWriteThem) {
    EXPECT_EQ(duration_of("1h30m")->count(), 5400);
    EXPECT_EQ(duration_of("90")->count(), 90);
    EXPECT_LT(duration_of("-1")->count(), 0);
    for (const char* odd : {"", "m", "5x", "1h-", "nan", "inf"})
        EXPECT_FALSE(duration_of(odd)) << odd;
    EXPECT_EQ(iso_time(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(iso_time(253402300799), "9999-12-31T23:59:59Z");
}

}  // namespace
}  // namespace ovenbird
