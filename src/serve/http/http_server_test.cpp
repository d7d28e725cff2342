#include "serve/http/http_server.hpp"

#include <gtest/gtest.h>

#include "base/platform/child.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

std::string curl(const HttpServer& server, const std::vector<std::string>& words) {
    std::vector<std::string> command{"curl", "--silent", "--max-time", "20"};
    command.insert(command.end(), words.begin(), words.end() - 1);
    command.push_back("http://" + server.address() + words.back());
    return run_child(command).output;
}

TEST(HttpServer, AHandlerSeesTheRequestAndAnswersInPieces) {
    HttpServer server({}, [](const HttpRequest& request, HttpReply& reply) {
        reply.begin(201, {{"X-Said", request.header("x-asked")}});
        reply.send(request.method + " " + request.path + " " + request.query);
        reply.send(" " + std::string(request.body));
        EXPECT_TRUE(request.header("absent").empty());
    });
    EXPECT_EQ(curl(server, {"-d", "body", "/a/b?c=d"}), "POST /a/b c=d body");
    const std::string head = curl(server, {"-i", "-H", "X-Asked: why", "/"});
    EXPECT_NE(head.find("201"), std::string::npos);
    EXPECT_NE(head.find("x-said: why"), std::string::npos);
}

TEST(HttpServer, IsAskedFromThisMachine) {
    const TestFolder folder;
    const auto echo = [](const HttpRequest& request, HttpReply& reply) {
        reply.begin(503, {});
        reply.send(request.path);
    };
    HttpOptions options;
    options.unix_socket = (folder / "socket").string();
    const HttpServer at_address({}, echo);
    const HttpServer at_path(options, echo);
    for (const auto* server : {&at_address, &at_path}) {
        const HttpAnswer answer = http_get(server->address(), "/health");
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.body, "/health");
    }
    error_of(ErrorCode::io, [&] { http_get("unix:" + (folder / "none").string(), "/"); });
    error_of(ErrorCode::io, [&] { http_get("127.0.0.1", "/"); });
}

TEST(HttpServer, AHandlerThatThrowsIsAnErrorOfTheServer) {
    HttpServer server({}, [](const HttpRequest&, HttpReply&) { throw std::runtime_error("no"); });
    EXPECT_EQ(curl(server, {"-o", "/dev/null", "-w", "%{http_code}", "/"}), "500");
}

TEST(HttpServer, AHeadThatCannotBeSentIsTold) {
    HttpServer server({}, [](const HttpRequest&, HttpReply& reply) {
        error_of(ErrorCode::internal, [&] { reply.begin(200, {{"bad name", "x"}}); });
    });
    curl(server, {"/"});
}

TEST(HttpServer, AnAddressInUseIsAnError) {
    HttpServer server({}, [](const HttpRequest&, HttpReply&) {});
    HttpOptions options;
    options.port = std::stoi(server.address().substr(server.address().find(':') + 1));
    const auto told = error_of(ErrorCode::io, [&] { HttpServer second(options, {}); });
    EXPECT_NE(told.find(std::to_string(options.port)), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
