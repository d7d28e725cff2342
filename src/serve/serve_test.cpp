#include <gtest/gtest.h>

#include "base/platform/files.hpp"
#include "base/test_folder.hpp"
#include "serve/embedding.hpp"
#include "serve/guard.hpp"
#include "serve/metrics.hpp"
#include "serve/model_card.hpp"
#include "serve/routes.hpp"
#include "serve/shelf.hpp"
#include "serve/speech.hpp"

namespace ovenbird {
namespace {

HttpRequest request_with(std::map<std::string, std::string> headers) {
    HttpRequest request;
    request.method = "GET";
    request.path = "/v1/models";
    request.headers = std::move(headers);
    return request;
}

TEST(Guard, NamesOfThisMachineAndThoseThatAreAllowed) {
    Guard guard;
    for (const char* host :
         {"", "localhost", "localhost:11435", "127.0.0.1:1", "[::1]:5", "127.1.2.3", "a.localhost"})
        EXPECT_FALSE(guard.refuse(request_with({{"host", host}}))) << host;
    for (const char* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[", "["})
        EXPECT_TRUE(guard.refuse(request_with({{"host", host}}))) << host;
    guard.hosts = {"box.lan"};
    EXPECT_FALSE(guard.refuse(request_with({{"host", "box.lan:80"}})));
}

TEST(Guard, PagesOfOthersAreTurnedAway) {
    Guard guard;
    EXPECT_TRUE(guard.refuse(request_with({{"host", "localhost:1"}, {"origin", "https://evil.example"}})));
    EXPECT_TRUE(guard.refuse(request_with({{"host", "localhost:1"}, {"origin", "null"}})));
    EXPECT_FALSE(guard.refuse(request_with({{"host", "localhost:1"}, {"origin", "http://localhost:1"}})));
    EXPECT_TRUE(guard.cors(request_with({{"origin", "https://evil.example"}})).empty());
    guard.origins = {"https://good.example"};
    const auto good = request_with({{"host", "localhost:1"}, {"origin", "https://good.example"}});
    EXPECT_FALSE(guard.refuse(good));
    EXPECT_EQ(guard.cors(good).front().second, "https://good.example");
}

TEST(Guard, KeysAreComparedWhole) {
    Guard guard;
    guard.keys = {"secret"};
    for (const char* shown : {"", "secre", "secrets", "Secret"})
        EXPECT_EQ(guard.refuse(request_with({{"authorization", std::string("Bearer ") + shown}}))->status,
                  401)
            << shown;
    EXPECT_EQ(guard.refuse(request_with({}))->status, 401);
    EXPECT_FALSE(guard.refuse(request_with({{"authorization", "Bearer secret"}})));
    EXPECT_FALSE(guard.refuse(request_with({{"x-api-key", "secret"}})));
    HttpRequest health = request_with({});
    health.path = "/health";
    EXPECT_FALSE(guard.refuse(health));
}

TEST(Metrics, CountWhatEnded) {
    Metrics metrics;
    metrics.add({"stop", 100, 40, 11, 0.5, 1, 3});
    metrics.add({"rejected"});
    const std::string text = metrics.text({2, 1, {{"m", true}}});
    for (const char* line : {"llamacpp:prompt_tokens_total 60", "llamacpp:tokens_predicted_total 11",
                             "vllm:request_success_total{finished_reason=\"rejected\"} 1",
                             "vllm:time_to_first_token_seconds_sum 1.5", "vllm:num_requests_waiting 2",
                             "ovenbird:worker_faults_total 1", "ovenbird:model_loaded{model=\"m\"} 1",
                             "vllm:e2e_request_latency_seconds_bucket{le=\"+Inf\"} 1"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Metrics, VectorsHavePromptsAndNoNewTokens) {
    Metrics metrics;
    metrics.add({.finished = "stop", .prompt_tokens = 70, .queue_s = 1, .total_s = 2, .is_vector = true});
    metrics.add({.finished = "error", .is_vector = true});
    const std::string text = metrics.text({});
    for (const char* line :
         {"llamacpp:prompt_tokens_total 70", "llamacpp:tokens_predicted_total 0",
          "vllm:request_success_total{finished_reason=\"error\"} 1", "vllm:e2e_request_latency_seconds_sum 3",
          "vllm:e2e_request_latency_seconds_count 1", "vllm:request_decode_time_seconds_count 0"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Routes, NamesAreDecoded) {
    EXPECT_EQ(percent_decoded("a%2Fb%20c"), "a/b c");
    EXPECT_EQ(percent_decoded("%zz%2"), "%zz%2");
}

TEST(Shelf, ModelsByNameAliasAndTag) {
    const TestFolder folder;
    std::filesystem::create_directories(folder / "one");
    ShelfOptions options;
    options.models = {"first=" + (folder / "one").string(), (folder / "one").string()};
    options.aliases = {{"gpt", ""}, {"other", "one"}};
    const ModelShelf shelf(options);
    EXPECT_EQ(shelf.find("first:latest").name, "first");
    EXPECT_EQ(shelf.find("gpt").name, "first");
    EXPECT_EQ(shelf.find("other").name, "one");
    EXPECT_NE(error_of(ErrorCode::not_found, [&] { shelf.find("none"); }).find("first, one"),
              std::string::npos);
    options.models = {(folder / "nothing").string()};
    error_of(ErrorCode::not_found, [&] { ModelShelf broken(options); });
    options.models = {(folder / "one").string(), (folder / "one").string()};
    error_of(ErrorCode::usage, [&] { ModelShelf broken(options); });
}

TEST(ModelCard, IsReadFromTheFolderAlone) {
    const TestFolder folder;
    OfferedModel model;
    model.name = "m";
    model.folder = folder.path();
    const ModelCard bare = model_card(model);
    EXPECT_EQ(bare.architecture, "unknown");
    EXPECT_EQ(bare.digest.size(), 64U);
    EXPECT_EQ(parameter_size(bare.parameters), "");
    model.manifest.emplace();
    model.manifest->model_type = "llama";
    model.manifest->context = 1024;
    model.manifest->options = {{"bits", 4}};
    model.manifest->quantization = {{"weights_by_form", {{"int4 sym", 134'000'000}, {"f32", 515'008}}}};
    write_file(folder / "chat_template.jinja", "{{ tools }}<tool_call>{{ enable_thinking }}");
    const ModelCard card = model_card(model);
    EXPECT_EQ(card.architecture, "llama");
    EXPECT_EQ(card.weights, "INT4");
    EXPECT_EQ(card.context_tokens, 1024);
    EXPECT_EQ(parameter_size(card.parameters), "135M");
    EXPECT_EQ(parameter_size(7'241'732'096), "7.2B");
    EXPECT_TRUE(card.takes_tools);
    EXPECT_TRUE(card.thinks);
    EXPECT_NE(card.digest, bare.digest);
    for (const Json& count : {Json(-1), Json("many"), Json(1e300), Json(~uint64_t{0})}) {
        model.manifest->quantization = {{"weights_by_form", {{"int4 sym", count}}}};
        EXPECT_EQ(model_card(model).parameters, 0);
    }
    model.manifest->options = {{"bits", "4"}};
    EXPECT_EQ(model_card(model).weights, "");
}

TEST(ModelCard, AnEmbeddersSaysSo) {
    OfferedModel model;
    model.name = "m";
    EXPECT_STREQ(capability(model), "completion");
    EXPECT_NO_THROW(need_text_model(model));
    model.manifest.emplace();
    model.manifest->embedding.emplace();
    model.manifest->embedding->dimension = 48;
    model.manifest->embedding->buckets = {64, 300};
    EXPECT_STREQ(capability(model), "embedding");
    EXPECT_EQ(model_card(model).embedding_length, 48);
    EXPECT_EQ(model_card(model).context_tokens, 300);
    try {
        need_text_model(model);
        ADD_FAILURE() << "nothing was refused";
    } catch (const ApiError& error) {
        EXPECT_EQ(error.status, 400);
        EXPECT_NE(std::string(error.what()).find("/v1/embeddings"), std::string::npos);
    }
}

Call call_with_tools() {
    Call call;
    call.ask.tools =
        Json::parse(R"([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}])");
    return call;
}

TEST(Speech, TellsCallsFromTextAndHowItEnded) {
    ModelFacts facts;
    Call call = call_with_tools();
    EXPECT_THROW(ask_of(call, facts), ApiError);
    facts.tool_format = "hermes";
    Speech speech(call, facts);
    WholeAnswer answer;
    for (const char* text : {"Well. ", "<tool", "_call>{\"name\": \"f\", \"argu", "ments\": {}}</tool_call>"})
        answer.add(speech.take({{1}, text, "", {}}));
    answer.add(speech.finish());
    ASSERT_EQ(answer.tool_calls.size(), 1U);
    EXPECT_EQ(answer.tool_calls[0].name, "f");
    EXPECT_EQ(answer.content, "Well. ");
    DoneEvent done;
    EXPECT_EQ(speech.finished(done).end, End::tool_calls);
    done.reason = FinishReason::length;
    EXPECT_EQ(speech.finished(done).end, End::length);
}

TEST(Speech, ADemandedCallIsAGrammar) {
    ModelFacts facts;
    facts.tool_format = "hermes";
    Call call = call_with_tools();
    EXPECT_TRUE(ask_of(call, facts).form.grammar.empty());
    call.tool_choice.kind = ToolChoice::Kind::required;
    EXPECT_FALSE(ask_of(call, facts).form.grammar.empty());
    call.tool_choice.kind = ToolChoice::Kind::none;
    EXPECT_TRUE(ask_of(call, facts).tools.is_null());
}

}  // namespace
}  // namespace ovenbird
