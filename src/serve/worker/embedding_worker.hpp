#pragma once
// An embedding model opened on a device, as the worker process has it.

#include "run/embed_text.hpp"
#include "serve/wire/embed.hpp"
#include "serve/worker/worker.hpp"

namespace ovenbird {

class EmbeddingWorker {
public:
    /// Opens the model; notes of it are emitted. Errors: those of EmbeddingEngine and Tokenizer::load().
    EmbeddingWorker(const Load& load, const Emit& emit);

    ModelFacts facts() const;

    /// Emits a PromptEvent and a VectorEvent for each input from ask.first on, and a DoneEvent. No input is
    /// computed before all are understood. `stop`: asked between them; they then end (interrupted). Errors,
    /// thrown: usage, invalid_input (of an input, by its place), device, verification (no numbers).
    void embed(const EmbedAsk& ask, const StopAsked& stop, const Emit& emit);

    TextEvent encode(const std::string& text, bool with_special) const;
    TextEvent decode(const std::vector<int64_t>& ids) const;

private:
    std::vector<std::vector<int64_t>> ids_of(const EmbedAsk& ask, const EmbedWords& words) const;
    std::vector<float> vector_of(const std::vector<int64_t>& ids, const EmbedWords& words, const Emit& emit);

    Tokenizer tokenizer_;
    EmbeddingEngine engine_;
    double load_s_ = 0;
    int64_t computed_ = 0;
};

}  // namespace ovenbird
