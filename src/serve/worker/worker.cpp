#include "serve/worker/worker.hpp"

#include <algorithm>
#include <chrono>
#include <new>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "model/manifest.hpp"
#include "run/default_sampling.hpp"
#include "serve/tools/tool_calls.hpp"
#include "text/constraint.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostConversations = 32;  // whose tokens are remembered; their keys and values may be fewer
constexpr uint64_t kMostKeptBytes = uint64_t{2} << 30;
constexpr uint64_t kShareOfMemory = 8;  // of what is free, that copies of keys and values may take
constexpr auto kTellEvery = std::chrono::milliseconds(100);

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

uint64_t most_kept_bytes() {
    return std::min(kMostKeptBytes, available_memory_bytes() / kShareOfMemory);
}

// Says now and then how far the engine is, so that whoever waits can tell a long prompt from a hang.
class Pulse {
public:
    Pulse(const Engine& engine, const Emit& emit) : engine_(engine), emit_(emit) {}
    /// False: nobody listens.
    bool tell() {
        const int64_t computed = engine_.computed_tokens();
        const auto now = Clock::now();
        if (computed == told_ && now - last_ < kTellEvery) return true;
        told_ = computed;
        last_ = now;
        return emit_(AliveEvent{computed});
    }

private:
    const Engine& engine_;
    const Emit& emit_;
    int64_t told_ = -1;
    Clock::time_point last_{};
};

// Gathers what comes of each token into one event.
class Pieces {
public:
    Pieces(const Tokenizer& tokenizer, size_t resumed, bool with_notes, const Emit& emit)
        : tokenizer_(tokenizer), resumed_(resumed), with_notes_(with_notes), emit_(emit) {}

    void take(const NewToken& token) {
        next_.ids.push_back(token.id);
        if (!with_notes_) return;
        TokenNote note{
            token.id, text_of(token.id), token.log_probability, {token.top.begin(), token.top.end()}};
        for (auto& each : note.top)
            each.text = text_of(each.token);
        next_.notes.push_back(std::move(note));
    }
    void think(const std::string& text) {
        next_.thinking += text;
        if (heard_ >= resumed_) thinking_tokens_ += static_cast<int64_t>(next_.ids.size());
    }
    // Called for every token, with the text that is certain with it.
    bool hear(const std::string& text) {
        if (heard_++ < resumed_) {  // the other side has it
            next_ = {};
            return true;
        }
        next_.text = text;
        if (next_.ids.empty() && next_.text.empty() && next_.thinking.empty()) return true;
        return emit_(std::exchange(next_, {}));
    }
    int64_t thinking_tokens() const { return thinking_tokens_; }

private:
    std::string text_of(int64_t id) const {
        return tokenizer_.id_to_token(id) ? tokenizer_.decode({id}, false) : "";
    }

    const Tokenizer& tokenizer_;
    size_t resumed_;
    bool with_notes_;
    const Emit& emit_;
    PieceEvent next_;
    size_t heard_ = 0;
    int64_t thinking_tokens_ = 0;
};

int64_t most_new_tokens(const Ask& ask, int64_t room) {
    return ask.max_new_tokens < 0 ? room : std::min(ask.max_new_tokens, room);
}

}  // namespace

std::filesystem::path text_folder(const Load& load) {
    return load.how.tokenizer.empty() ? load.folder : load.how.tokenizer;
}

DeviceOptions device_options(const Load& load, const Emit& emit) {
    DeviceOptions options;
    options.devices = load.how.devices;
    options.properties = load.how.properties;
    options.cache_folder = load.how.compiled_cache;
    options.on_note = [emit](const std::string& text) { emit(NoteEvent{text}); };
    options.on_compiling = [emit](bool done) { emit(OpeningEvent{done}); };
    return options;
}

OpenedEngine open_for_worker(const Load& load, int64_t pad_id, const Emit& emit) {
    const OpenOptions how{
        .device = device_options(load, emit), .form = load.how.form, .validate = load.how.validate};
    return open_engine(load.folder, find_manifest(load.folder), how, pad_id);
}

Worker::Worker(const Load& load, const EngineOpener& open, const Emit& emit)
    : tokenizer_(Tokenizer::load(text_folder(load))),
      chat_(ChatTemplate::load(text_folder(load), load.how.chat_template)),
      defaults_(default_sampling(load.folder)),
      spoken_(kMostConversations),
      kept_(most_kept_bytes()) {
    const auto start = Clock::now();
    opened_ = open(load, tokenizer_.pad_id(), emit);
    load_s_ = seconds_since(start);
    if (const auto warning = vocabulary_warning(tokenizer_, *opened_.engine); !warning.empty())
        emit(NoteEvent{warning});
}

ModelFacts Worker::facts() const {
    const Engine& engine = *opened_.engine;
    ModelFacts facts;
    facts.device = engine.device();
    for (const auto& passed : opened_.passed_over)
        facts.fallbacks.push_back(passed.device + ": " + passed.reason);
    facts.context_tokens = engine.window_tokens();
    facts.vocab_size = engine.vocab_size();
    facts.has_template = chat_.has_value();
    facts.thinks = chat_ && thinking_marks(*chat_, tokenizer_, "").has_value();
    facts.tool_format = chat_ ? tool_format_of(chat_->source()) : "";
    for (const auto& mark :
         facts.tool_format.empty() ? std::vector<std::string>() : tool_marks(facts.tool_format)) {
        const auto id = tokenizer_.token_to_id(mark);
        if (id && tokenizer_.is_special(*id)) facts.special_marks[mark] = *id;
    }
    facts.input_shapes = engine.input_shapes();
    facts.defaults = defaults_.value_or(SamplingOptions());
    facts.cache_bytes = engine.cache_bytes();
    facts.load_s = load_s_;
    return facts;
}

Worker::Prompt Worker::templated(const Ask& ask) {
    if (!chat_)
        fail(ErrorCode::unsupported,
             "the model has no chat template, so it knows no messages; ask it to complete a text instead");
    std::string text = chat_->render(ask.messages, ask.tools, true, ask.template_arguments) + ask.prefix;
    auto thinking = thinking_marks(*chat_, tokenizer_, text);
    return {spoken_.encode(tokenizer_, text), std::move(thinking), true};
}

Worker::Prompt Worker::prompt_of(const Ask& ask) {
    if (!ask.messages.is_null()) return templated(ask);
    if (!ask.ids.empty()) return {{"", ask.ids, 0}, std::nullopt, false};
    if (ask.text.empty()) fail(ErrorCode::usage, "the prompt is empty: there is nothing to answer");
    return {{"", tokenizer_.encode(ask.text, true), 0}, std::nullopt, false};
}

void Worker::answer_or_throw(const Ask& ask, const StopAsked& stop, const Emit& emit) {
    Engine& engine = *opened_.engine;
    Prompt prompt = prompt_of(ask);
    const auto count = static_cast<int64_t>(prompt.encoded.ids.size());
    const int64_t room = engine.window_tokens() - count + 1;
    if (room < 1)
        fail(ErrorCode::usage,
             "the prompt has {} tokens, and the model's context holds {}; shorten it, or bake the model with "
             "a "
             "larger --context",
             count, engine.window_tokens());
    AnswerOptions options;
    options.max_new_tokens = most_new_tokens(ask, room);
    options.on_long_prompt = LongPrompt::error;
    options.sampling = ask.sampling.over(defaults_.value_or(SamplingOptions()));
    options.stop = ask.stop;
    options.top_log_probabilities = std::max<int64_t>(ask.top_log_probabilities, 0);
    options.ignore_eos = ask.ignore_eos;
    options.resumed = ask.resumed;
    if (!ask.tools.is_null()) options.shown_marks = all_tool_marks();
    auto constraint = make_constraint(ask.form, tokenizer_);
    if (constraint) options.mask = &*constraint;
    validate(options);

    kept_.prepare(engine, prompt.encoded.ids);
    PromptEvent told{count, engine.kept_of(prompt.encoded.ids), options.sampling.seed.value_or(0),
                     prompt.thinking && prompt.thinking->open};
    if (!emit(told)) return;
    Pulse pulse(engine, emit);
    Pieces pieces(tokenizer_, ask.resumed.size(), ask.top_log_probabilities >= 0, emit);
    options.stop_asked = [&] { return stop() || !pulse.tell(); };
    options.on_new_token = [&](const NewToken& token) { pieces.take(token); };
    options.on_thinking = [&](const std::string& text) { pieces.think(text); };
    const Answer answer = ovenbird::answer(
        engine, tokenizer_, {prompt.encoded.ids, prompt.thinking}, options, [](int64_t) {},
        [&](const std::string& text) { return pieces.hear(text); });

    const auto& generation = answer.generation;
    if (prompt.is_text) spoken_.keep(tokenizer_, std::move(prompt.encoded), generation.tokens);
    emit(DoneEvent{generation.reason, answer.stop_string, count, told.cached_tokens,
                   static_cast<int64_t>(generation.tokens.size()), pieces.thinking_tokens(),
                   generation.first_token_ms, generation.total_ms, generation.seed});
}

void Worker::answer(const Ask& ask, const StopAsked& stop, const Emit& emit) {
    try {
        answer_or_throw(ask, stop, emit);
    } catch (const Error& error) {
        emit(ErrorEvent{error.code(), error.what()});
    } catch (const std::bad_alloc&) {
        emit(ErrorEvent{ErrorCode::device, "the worker has no memory left for this answer"});
    } catch (const std::exception& error) {
        emit(ErrorEvent{ErrorCode::internal, error.what()});
    }
}

TextEvent Worker::encode(const std::string& text, bool with_special) const {
    return {tokenizer_.encode(text, with_special), text};
}

TextEvent Worker::decode(const std::vector<int64_t>& ids) const {
    return {ids, tokenizer_.decode(ids, false)};
}

TextEvent Worker::render(const Ask& ask) {
    if (ask.messages.is_null()) return encode(ask.text, true);
    auto prompt = templated(ask);
    return {prompt.encoded.ids, prompt.encoded.text};
}

}  // namespace ovenbird
