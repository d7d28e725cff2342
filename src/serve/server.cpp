#include "serve/server.hpp"

#include <thread>

#include "base/error.hpp"
#include "serve/api/openai_chat.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

constexpr auto kTimeToEnd = std::chrono::seconds(30);  // of answers that were told to end

// Adds to every answer what a page elsewhere needs, and remembers the status for the log.
class GuardedReply : public HttpReply {
public:
    GuardedReply(HttpReply& inner, HttpHeaders added) : inner_(inner), added_(std::move(added)) {}
    bool begin(int status, const HttpHeaders& headers) override {
        status_ = status;
        HttpHeaders all = headers;
        all.insert(all.end(), added_.begin(), added_.end());
        return inner_.begin(status, all);
    }
    bool send(std::string_view piece) override { return inner_.send(piece); }
    bool is_gone() const override { return inner_.is_gone(); }
    int status() const { return status_; }

private:
    HttpReply& inner_;
    HttpHeaders added_;
    int status_ = 0;
};

// Waits for nothing but the server's end.
class FirstOpening : public AnswerListener {
public:
    explicit FirstOpening(const std::atomic<bool>& stopping) : stopping_(stopping) {}
    bool goes_on() override { return !stopping_; }
    void hear(const Event&) override {}

private:
    const std::atomic<bool>& stopping_;
};

}  // namespace

Server::Server(ServerOptions options)
    : options_(std::move(options)),
      shelf_(options_.shelf),
      puller_(options_.pull_command.empty() ? nullptr : std::make_unique<ModelPuller>(options_.pull_command)),
      serving_{shelf_, metrics_, puller_.get(), options_.version, options_.heartbeat, options_.log, [this] {
                   return stopping_.load();
               }} {
    http_ = std::make_unique<HttpServer>(
        options_.http, [this](const HttpRequest& request, HttpReply& reply) { answer(request, reply); });
}

Server::~Server() {
    stop(std::chrono::milliseconds(0));
}

void Server::answer(const HttpRequest& request, HttpReply& reply) {
    const auto start = std::chrono::steady_clock::now();
    GuardedReply guarded(reply, options_.guard.cors(request));
    if (const auto refusal = options_.guard.refuse(request)) {
        HttpHeaders headers;
        if (refusal->status == 401) headers.emplace_back("www-authenticate", "Bearer");
        send_json(guarded, refusal->status,
                  openai_error({refusal->status, "authentication_error", refusal->message}), headers);
    } else {
        dispatch(serving_, request, guarded);
    }
    if (!options_.log_request) return;
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    options_.log_request({request.method, request.path, guarded.status(), ms, reply.is_gone()});
}

void Server::open_first() {
    const auto models = shelf_.offered();
    if (models.empty() || options_.shelf.models.empty()) return;
    FirstOpening opening(stopping_);
    try {
        shelf_.host(models.front())->load(opening);
    } catch (const std::exception& error) {
        if (options_.log) options_.log(fmt::format("{}: {}", models.front().name, error.what()));
    }
}

void Server::stop(std::chrono::milliseconds grace, const std::function<bool()>& now) {
    std::atomic<bool> ended = false;
    std::thread hurry([&] {
        const auto until = std::chrono::steady_clock::now() + grace;
        while (!ended && !(now && now()) && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        stopping_ = true;
    });
    http_->stop(grace + kTimeToEnd);
    ended = true;
    hurry.join();
}

}  // namespace ovenbird
