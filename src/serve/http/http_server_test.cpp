#include "serve/http/http_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/platform/test_client.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

int port_of(const HttpServer& server) {
    return std::stoi(server.address().substr(server.address().find(':') + 1));
}

// The answer's head and body as they came.
std::string ask(const HttpServer& server, const std::string& first_line, const std::string& headers = "",
                const std::string& body = "") {
    return answer_at_port(port_of(server), first_line + " HTTP/1.1\r\nHost: " + server.address() +
                                               "\r\nConnection: close\r\n" + headers + "\r\n" + body);
}

std::string body_of(const std::string& answer) {
    return answer.substr(std::min(answer.size(), answer.find("\r\n\r\n") + 4));
}

TEST(HttpServer, AHandlerSeesTheRequestAndAnswersInPieces) {
    HttpServer server({}, [](const HttpRequest& request, HttpReply& reply) {
        reply.begin(201, {{"X-Said", request.header("x-asked")}});
        reply.send(request.method + " " + request.path + " " + request.query);
        reply.send(" " + std::string(request.body));
        EXPECT_TRUE(request.header("absent").empty());
    });
    EXPECT_EQ(body_of(ask(server, "POST /a/b?c=d", "Content-Length: 4\r\n", "body")),
              "D\r\nPOST /a/b c=d\r\n5\r\n body\r\n0\r\n\r\n");
    const std::string answer = ask(server, "GET /", "X-Asked: why\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 201 ")) << answer;
    EXPECT_NE(answer.find("x-said: why\r\n"), std::string::npos) << answer;
}

TEST(HttpServer, IsAskedFromThisMachine) {
    const TestFolder folder;
    const auto echo = [](const HttpRequest& request, HttpReply& reply) {
        reply.begin(503, {});
        reply.send(request.path);
    };
    HttpOptions options;
    options.unix_socket = (folder / "socket").string();
    const auto is_answered = [](const HttpServer& server) {
        const HttpAnswer answer = http_get(server.address(), "/health");
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.body, "/health");
    };
    is_answered(HttpServer({}, echo));
#ifdef _WIN32
    error_of(ErrorCode::io, [&] { HttpServer(options, echo); });  // it listens at addresses only
#else
    is_answered(HttpServer(options, echo));
#endif
    error_of(ErrorCode::io, [&] { http_get("unix:" + (folder / "none").string(), "/"); });
    error_of(ErrorCode::io, [&] { http_get("127.0.0.1", "/"); });
}

TEST(HttpServer, AHandlerThatThrowsIsAnErrorOfTheServer) {
    HttpServer server({}, [](const HttpRequest&, HttpReply&) { throw std::runtime_error("no"); });
    EXPECT_EQ(http_get(server.address(), "/").status, 500);
}

TEST(HttpServer, AHeadThatCannotBeSentIsTold) {
    HttpServer server({}, [](const HttpRequest&, HttpReply& reply) {
        error_of(ErrorCode::internal, [&] { reply.begin(200, {{"bad name", "x"}}); });
    });
    ask(server, "GET /");
}

TEST(HttpServer, AnAddressInUseIsAnError) {
    HttpServer server({}, [](const HttpRequest&, HttpReply&) {});
    HttpOptions options;
    options.port = port_of(server);
    const auto told = error_of(ErrorCode::io, [&] { HttpServer second(options, {}); });
    EXPECT_NE(told.find(std::to_string(options.port)), std::string::npos);
}

}  // namespace
}  // namespace ovenbird
