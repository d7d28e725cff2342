#include "serve/worker/embedding_worker.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// Where several inputs are, one is told by its place.
template <typename Work>
auto at_place(const EmbedAsk& ask, size_t place, const Work& work) {
    try {
        return work();
    } catch (const Error& error) {
        if (ask.inputs.size() < 2) throw;
        throw Error(error.code(), fmt::format("input[{}]: {}", place, error.what()));
    }
}

}  // namespace

EmbeddingWorker::EmbeddingWorker(const Load& load, const Emit& emit)
    : tokenizer_(Tokenizer::load(text_folder(load))),
      engine_(load.folder, read_embedder_manifest(load.folder), device_options(load, emit),
              load.how.validate) {
    load_s_ = engine_.compile_seconds();
}

ModelFacts EmbeddingWorker::facts() const {
    ModelFacts facts;
    facts.device = engine_.device();
    for (const auto& passed : engine_.passed_over())
        facts.fallbacks.push_back(passed.device + ": " + passed.reason);
    facts.context_tokens = engine_.most_tokens();
    facts.vocab_size = engine_.vocabulary();
    facts.embedding_length = engine_.facts().dimension;
    facts.load_s = load_s_;
    return facts;
}

std::vector<std::vector<int64_t>> EmbeddingWorker::ids_of(const EmbedAsk& ask,
                                                          const EmbedWords& words) const {
    std::vector<std::vector<int64_t>> all;
    for (auto place = static_cast<size_t>(ask.first); place < ask.inputs.size(); ++place) {
        const EmbedInput& input = ask.inputs[place];
        all.push_back(at_place(ask, place, [&] {
            int64_t dropped = 0;
            if (input.ids.empty())
                return embedding_ids(tokenizer_, engine_.facts(), input.text, words, dropped);
            refuse_too_long(engine_.facts(), static_cast<int64_t>(input.ids.size()), words);
            return input.ids;
        }));
    }
    return all;
}

std::vector<float> EmbeddingWorker::vector_of(const std::vector<int64_t>& ids, const EmbedWords& words,
                                              const Emit& emit) {
    const int64_t bucket = engine_.bucket_of(static_cast<int64_t>(ids.size()));
    emit(PromptEvent{bucket, 0, 0, false});
    if (!engine_.is_open(bucket)) {
        emit(OpeningEvent{false});
        const size_t passed_over = engine_.passed_over().size();
        engine_.open(bucket);
        emit(OpeningEvent{true});
        if (engine_.passed_over().size() != passed_over) emit(facts());
    }
    auto values = embed_ids(engine_, ids, words).values;
    computed_ += bucket;
    emit(AliveEvent{computed_});
    if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
        return values;
    fail(ErrorCode::verification, "{} computes a vector that holds what is no number", engine_.device());
}

void EmbeddingWorker::embed(const EmbedAsk& ask, const StopAsked& stop, const Emit& emit) {
    const EmbedWords words{ask.prompt_name, ask.truncate, ask.dimensions, ask.how_to_cut};
    const auto all = ids_of(ask, words);
    DoneEvent done;
    for (size_t i = 0; i < all.size(); ++i) {
        if (stop()) {
            done.reason = FinishReason::interrupted;
            break;
        }
        const auto place = static_cast<size_t>(ask.first) + i;
        const auto values = at_place(ask, place, [&] { return vector_of(all[i], words, emit); });
        const auto tokens = static_cast<int64_t>(all[i].size());
        done.prompt_tokens += tokens;
        if (!emit(VectorEvent{values, tokens})) return;
    }
    emit(done);
}

TextEvent EmbeddingWorker::encode(const std::string& text, bool with_special) const {
    return {tokenizer_.encode(text, with_special), text};
}

TextEvent EmbeddingWorker::decode(const std::vector<int64_t>& ids) const {
    return {ids, tokenizer_.decode(ids, false)};
}

}  // namespace ovenbird
