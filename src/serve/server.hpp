#pragma once
// The server: models behind HTTP. Never touches a device itself: workers do.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "serve/guard.hpp"
#include "serve/http/http_server.hpp"
#include "serve/serving.hpp"
#include "serve/shelf.hpp"

namespace ovenbird {

/// Of a request, for the log: nothing of what was asked or said.
struct AnsweredRequest {
    std::string method;
    std::string path;
    int status = 0;  // 0: the client had gone before there was one
    double ms = 0;
    bool client_has_gone = false;
};

struct ServerOptions {
    HttpOptions http{};
    Guard guard{};
    ShelfOptions shelf{};
    /// See ModelPuller; empty: clients neither add models nor delete them.
    std::vector<std::string> pull_command{};
    std::string version;
    std::chrono::milliseconds heartbeat{5000};
    std::function<void(const std::string&)> log{};  // what happens
    std::function<void(const AnsweredRequest&)> log_request{};
};

class Server {
public:
    /// Listens when it is made. Errors: io, those of ModelShelf.
    explicit Server(ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    const std::string& address() const { return http_->address(); }
    /// Opens the first model of the command line, so that the first request does not wait for it.
    void open_first();
    /// Answers under way may take so long, or until `now` says so; then they are ended.
    void stop(std::chrono::milliseconds grace, const std::function<bool()>& now = {});

private:
    void answer(const HttpRequest& request, HttpReply& reply);

    ServerOptions options_;
    ModelShelf shelf_;
    Metrics metrics_;
    std::unique_ptr<ModelPuller> puller_;
    std::atomic<bool> stopping_ = false;
    Serving serving_;
    std::unique_ptr<HttpServer> http_;  // the last: its threads use all of the above
};

}  // namespace ovenbird
