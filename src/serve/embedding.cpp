#include "serve/embedding.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string embedders_text(const ModelShelf& shelf) {
    std::string names;
    for (const auto& model : shelf.offered()) {
        if (is_embedder(model)) names += (names.empty() ? "" : ", ") + model.name;
    }
    return names.empty() ? "bake an embedding model (docs/embed.md)" : "embedding models here: " + names;
}

// What the model's manifest tells is told before anything is opened.
void check_call(const ModelShelf& shelf, const OfferedModel& model, const EmbedCall& call) {
    if (!model.manifest || !model.manifest->embedding)
        throw ApiError(400, "invalid_request_error",
                       fmt::format("{} does not support embeddings: it writes text and makes no vectors; {}",
                                   call.model, embedders_text(shelf)),
                       "model");
    const EmbeddingFacts& facts = *model.manifest->embedding;
    const char* field = "dimensions";
    try {
        if (call.ask.dimensions != 0) check_length(facts, call.ask.dimensions);
        field = "prompt_name";
        (void)prompt_text(facts, call.ask.prompt_name);
    } catch (const Error& error) {
        throw ApiError(400, "invalid_request_error", error.what(), field);
    }
}

class Embedding : public Patient {
public:
    Embedding(const Serving& serving, const HttpReply& reply) : Patient(serving, reply) {}
    void hear(const Event& event) override {
        const auto* vector = std::get_if<VectorEvent>(&event);
        if (vector == nullptr) return;
        answer.vectors.push_back(vector->values);
        answer.tokens += vector->tokens;
    }

    EmbedAnswer answer;
};

// Whether it came to its end: nobody waits for one that did not, or the server is being stopped.
bool run(ModelHost& host, const EmbedCall& call, Embedding& embedding, AnswerFigures& figures) {
    const auto start = Clock::now();
    EmbedAnswer& answer = embedding.answer;
    if (host.status().state == HostStatus::State::unloaded || call.ask.inputs.empty()) {
        if (!host.load(embedding)) return false;
        answer.load_ms = ms_since(start);
    }
    double queue_ms = 0;
    DoneEvent done;
    if (!call.ask.inputs.empty()) done = host.embed(call.ask, embedding, &queue_ms);
    answer.total_ms = ms_since(start);
    figures.prompt_tokens = answer.tokens;
    figures.queue_s = queue_ms / 1000;
    figures.total_s = (answer.total_ms - answer.load_ms - queue_ms) / 1000;
    return done.reason != FinishReason::interrupted;
}

ApiError told_error(const std::exception& error) {
    ApiError told = api_error(error);
    if (told.status == 400 && told.parameter.empty()) told.parameter = "input";
    return told;
}

}  // namespace

bool is_embedder(const OfferedModel& model) {
    return model.manifest && model.manifest->embedding;
}

const char* capability(const OfferedModel& model) {
    return is_embedder(model) ? "embedding" : "completion";
}

void need_text_model(const OfferedModel& model) {
    if (!is_embedder(model)) return;
    throw ApiError(400, "invalid_request_error",
                   fmt::format("{} is an embedding model and does not support chat or completion: it makes "
                               "vectors and writes no text; ask it by /v1/embeddings or /api/embed",
                               model.name),
                   "model");
}

void answer_embedding(const Serving& serving, const EmbedCall& call, const EmbedFormat& format,
                      HttpReply& reply) {
    const CountedAnswer running(serving.metrics);
    AnswerFigures figures;
    figures.is_vector = true;
    Embedding embedding(serving, reply);
    try {
        const auto model = serving.shelf.find(call.model);
        check_call(serving.shelf, model, call);
        const auto host = serving.shelf.host(model);
        if (call.keep_alive_s) host->set_keep_alive(std::chrono::seconds(*call.keep_alive_s));
        const bool is_whole = run(*host, call, embedding, figures);
        figures.finished = is_whole ? "stop" : "cancelled";
        serving.metrics.add(figures);
        if (is_whole) {
            send_json(reply, 200, format.whole(call, embedding.answer),
                      device_headers(host->status().facts.value_or(ModelFacts())));
        } else if (!reply.is_gone()) {
            send_error(reply, format.error(stopping_error()), stopping_error());
        }
    } catch (const std::exception& error) {
        const ApiError told = told_error(error);
        figures.finished = told.status == 503 ? "rejected" : "error";
        serving.metrics.add(figures);
        if (told.status >= 500 && serving.log) serving.log(fmt::format("{}: {}", call.model, told.what()));
        send_error(reply, format.error(told), told);
    }
}

}  // namespace ovenbird
