#pragma once
// What every endpoint works with: the models, the counters, and how an API's call is answered.

#include <chrono>
#include <functional>
#include <string>

#include "serve/api/call.hpp"
#include "serve/http/http_server.hpp"
#include "serve/metrics.hpp"
#include "serve/model_puller.hpp"
#include "serve/shelf.hpp"

namespace ovenbird {

struct Serving {
    ModelShelf& shelf;
    Metrics& metrics;
    ModelPuller* puller = nullptr;  // none: clients neither add models nor delete them
    std::string version;
    /// Behind so long without a word, a stream says that it lives.
    std::chrono::milliseconds heartbeat{5000};
    std::function<void(const std::string&)> log{};
    const std::function<bool()> stopping{};  // the server ends: answers end, too
};

/// The HTTP status and sentence for what went wrong. Anything that is no Error is a fault of ours, 500.
ApiError api_error(const std::exception& error);

void send_json(HttpReply& reply, int status, const Json& json, HttpHeaders headers = {});
/// An error before anything of the answer was sent.
void send_error(HttpReply& reply, const ApiFormat& format, const ApiError& error);

void send_error(HttpReply& reply, const Json& told, const ApiError& error);
/// What an answer is told that ends because the server does.
ApiError stopping_error();
/// The device that answers, and those passed over.
HttpHeaders device_headers(const ModelFacts& facts);

/// An answer under way, counted while it lives.
class CountedAnswer {
public:
    explicit CountedAnswer(Metrics& metrics) : metrics_(metrics) { metrics_.begin_answer(); }
    CountedAnswer(const CountedAnswer&) = delete;
    CountedAnswer& operator=(const CountedAnswer&) = delete;
    ~CountedAnswer() { metrics_.end_answer(); }

private:
    Metrics& metrics_;
};

/// Answers a call, in whole or as a stream, and counts it. What goes wrong is told in the API's own form.
void answer_call(const Serving& serving, const Call& call, const ApiFormat& format, HttpReply& reply);

/// Waits for something that is no answer: a model that is opened, tokens of a text.
class Patient : public AnswerListener {
public:
    Patient(const Serving& serving, const HttpReply& reply) : serving_(serving), reply_(reply) {}
    bool goes_on() override { return !reply_.is_gone() && !(serving_.stopping && serving_.stopping()); }
    void hear(const Event&) override {}

private:
    const Serving& serving_;
    const HttpReply& reply_;
};

/// An order of kEncode, kDecode or kRender to the model's worker. Errors: those of ModelShelf::find() and
/// ModelHost::text().
TextEvent worker_text(const Serving& serving, const HttpReply& reply, const std::string& model,
                      const Json& order);

}  // namespace ovenbird
