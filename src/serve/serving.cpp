#include "serve/serving.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "serve/embedding.hpp"
#include "serve/speech.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Without what has no place in a header.
std::string header_text(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char byte) { return byte < ' ' || byte > '~'; }, ' ');
    return text;
}

bool is_too_long(const std::string& text) {
    return text.find("context holds") != std::string::npos ||
           text.find("the model was baked for") != std::string::npos;
}

// One call on its way: what was sent of it, and what it took.
class Answering : public AnswerListener {
public:
    Answering(const Serving& serving, const Call& call, const ApiFormat& format, HttpReply& reply)
        : serving_(serving), call_(call), format_(format), reply_(reply) {
        facts_ = {call.model, fresh_id(),
                  std::chrono::duration_cast<std::chrono::seconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count(),
                  "ovenbird-" + serving.version};
        if (call.stream) writer_ = format.stream(call, facts_);
    }

    void run(ModelHost& host) {
        // What is known of the model decides how it is asked.
        if (!host.status().facts && !host.load(*this)) return cancelled();
        model_ = host.status().facts.value_or(ModelFacts());
        Ask ask = ask_of(call_, model_);
        for (int64_t choice = 0; choice < call_.answers; ++choice) {
            if (!answer_one(host, ask, choice)) return cancelled();
            if (ask.sampling.seed) ++*ask.sampling.seed;
        }
        if (writer_) {
            send(writer_->end(usage_));
        } else {
            send_json(reply_, 200, format_.whole(call_, facts_, whole_), device_headers(model_));
        }
    }

    bool goes_on() override {
        if (reply_.is_gone() || gone_ || (serving_.stopping && serving_.stopping())) return false;
        if (writer_ && Clock::now() - last_sent_ > serving_.heartbeat) send(writer_->heartbeat());
        return !gone_;
    }

    void hear(const Event& event) override {
        if (const auto* prompt = std::get_if<PromptEvent>(&event)) {
            if (writer_) send(writer_->begin(prompt->prompt_tokens, prompt->cached_tokens));
        } else if (const auto* piece = std::get_if<PieceEvent>(&event)) {
            if (!first_token_ms_) first_token_ms_ = ms_since(begun_);
            tell(speech_->take(*piece));
        }
    }

    /// Whether anything was sent: then an error is told within the stream.
    bool is_begun() const { return is_begun_; }
    void fail_stream(const ApiError& error) { send(writer_->error(error)); }
    /// Each answer once, by what ended it first.
    void count(const std::string& finished) {
        if (std::exchange(is_counted_, true)) return;
        figures_.finished = finished;
        serving_.metrics.add(figures_);
    }

private:
    bool answer_one(ModelHost& host, const Ask& ask, int64_t choice) {
        choice_ = choice;
        is_counted_ = false;
        figures_ = {};
        speech_ = std::make_unique<Speech>(call_, model_);
        whole_.emplace_back();
        first_token_ms_.reset();
        double queue_ms = 0;
        begun_ = Clock::now();
        const DoneEvent done = host.answer(ask, *this, &queue_ms);
        if (done.reason == FinishReason::interrupted) {
            note_figures(speech_->finished(done), timings_of(done, queue_ms));  // it was computed
            return false;
        }
        tell(speech_->finish());
        Finish finish = speech_->finished(done);
        finish.timings = timings_of(done, queue_ms);
        whole_.back().finish = finish;
        usage_.add(finish.usage);
        if (writer_) send(writer_->finish(choice, finish));
        note_figures(finish, finish.timings);
        count(finish.end == End::length ? "length" : finish.end == End::tool_calls ? "tool_calls" : "stop");
        return !gone_;
    }

    Timings timings_of(const DoneEvent& done, double queue_ms) const {
        Timings timings;
        timings.queue_ms = queue_ms;
        timings.total_ms = ms_since(begun_) - queue_ms;
        timings.first_token_ms = first_token_ms_.value_or(queue_ms + timings.total_ms) - queue_ms;
        const double behind_s = (timings.total_ms - timings.first_token_ms) / 1000;
        if (done.new_tokens > 1 && behind_s > 0)
            timings.tokens_per_second = static_cast<double>(done.new_tokens - 1) / behind_s;
        return timings;
    }

    void note_figures(const Finish& finish, const Timings& timings) {
        figures_.prompt_tokens = finish.usage.prompt_tokens;
        figures_.cached_tokens = finish.usage.cached_tokens;
        figures_.new_tokens = finish.usage.completion_tokens;
        figures_.queue_s = timings.queue_ms / 1000;
        figures_.first_token_s = timings.first_token_ms / 1000;
        figures_.total_s = timings.total_ms / 1000;
    }

    void tell(const Delta& delta) {
        const bool says = !delta.content.empty() || !delta.thinking.empty() || !delta.tool_calls.empty() ||
                          !delta.tokens.empty();
        if (!says) return;
        if (writer_) {
            send(writer_->delta(choice_, delta));
        } else {
            whole_.back().add(delta);
        }
    }

    void send(const std::string& bytes) {
        if (bytes.empty() || gone_) return;
        if (!is_begun_) {
            is_begun_ = true;
            HttpHeaders headers = device_headers(model_);
            headers.emplace_back("content-type", writer_->content_type());
            headers.emplace_back("cache-control", "no-cache");
            headers.emplace_back("x-accel-buffering", "no");
            gone_ = !reply_.begin(200, headers);
        }
        gone_ = gone_ || !reply_.send(bytes);
        last_sent_ = Clock::now();
    }

    void cancelled() {
        count("cancelled");
        if (!gone_ && !reply_.is_gone()) throw stopping_error();
    }

    const Serving& serving_;
    const Call& call_;
    const ApiFormat& format_;
    HttpReply& reply_;
    AnswerFacts facts_;
    ModelFacts model_;
    std::unique_ptr<StreamWriter> writer_;  // none: the answer is sent in whole
    std::unique_ptr<Speech> speech_;
    std::vector<WholeAnswer> whole_;
    Usage usage_;
    AnswerFigures figures_;
    int64_t choice_ = 0;
    Clock::time_point begun_ = Clock::now();
    Clock::time_point last_sent_ = Clock::now();
    std::optional<double> first_token_ms_;
    bool is_begun_ = false;
    bool is_counted_ = false;
    bool gone_ = false;
};

}  // namespace

HttpHeaders device_headers(const ModelFacts& facts) {
    HttpHeaders headers{{"x-ovenbird-device", header_text(facts.device)}};
    if (!facts.fallbacks.empty()) {
        std::string told;
        for (const auto& each : facts.fallbacks)
            told += (told.empty() ? "" : "; ") + each;
        headers.emplace_back("x-ovenbird-fallback", header_text(std::move(told)));
    }
    return headers;
}

ApiError stopping_error() {
    return {503, "server_error", "the server is being stopped; ask again when it is back"};
}

ApiError api_error(const std::exception& error) {
    if (const auto* known = dynamic_cast<const ApiError*>(&error)) return *known;
    if (dynamic_cast<const Busy*>(&error) != nullptr)
        return {503, "server_busy", std::string(error.what()) + "; try again in a moment"};
    const auto* known = dynamic_cast<const Error*>(&error);
    const std::string text = error.what();
    if (known == nullptr) return {500, "server_error", text};
    switch (known->code()) {
        case ErrorCode::usage:
            return {400, "invalid_request_error", text, "",
                    is_too_long(text) ? "context_length_exceeded" : ""};
        case ErrorCode::invalid_input:
        case ErrorCode::unsupported:
            return {400, "invalid_request_error", text};
        case ErrorCode::not_found:
            return {404, "not_found_error", text, "model", "model_not_found"};
        case ErrorCode::device:
        case ErrorCode::no_space:
            return {503, "server_error", text};
        default:
            return {500, "server_error", text};
    }
}

void send_json(HttpReply& reply, int status, const Json& json, HttpHeaders headers) {
    headers.emplace_back("content-type", "application/json");
    if (reply.begin(status, headers)) reply.send(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void send_error(HttpReply& reply, const Json& told, const ApiError& error) {
    HttpHeaders headers;
    if (error.status == 503 || error.status == 429) headers.emplace_back("retry-after", "5");
    send_json(reply, error.status, told, std::move(headers));
}

void send_error(HttpReply& reply, const ApiFormat& format, const ApiError& error) {
    send_error(reply, format.error(error), error);
}

void answer_call(const Serving& serving, const Call& call, const ApiFormat& format, HttpReply& reply) {
    const CountedAnswer running(serving.metrics);
    Answering answering(serving, call, format, reply);
    try {
        const auto model = serving.shelf.find(call.model);
        need_text_model(model);
        const auto host = serving.shelf.host(model);
        if (call.keep_alive_s) host->set_keep_alive(std::chrono::seconds(*call.keep_alive_s));
        answering.run(*host);
    } catch (const std::exception& error) {
        const ApiError told = api_error(error);
        answering.count(told.status == 503 ? "rejected" : "error");
        if (told.status >= 500 && serving.log) serving.log(fmt::format("{}: {}", call.model, told.what()));
        if (answering.is_begun()) return answering.fail_stream(told);
        send_error(reply, format, told);
    }
}

TextEvent worker_text(const Serving& serving, const HttpReply& reply, const std::string& model,
                      const Json& order) {
    Patient patient(serving, reply);
    const auto found = serving.shelf.find(model);
    if (order.at("do") == order::kRender) need_text_model(found);
    return serving.shelf.host(found)->text(order, patient);
}

}  // namespace ovenbird
