#include "ovenbird/session.hpp"

#include <atomic>
#include <mutex>
#include <optional>

#include "base/error.hpp"
#include "model/step.hpp"
#include "run/conversation.hpp"
#include "run/open.hpp"
#include "text/constraint.hpp"

namespace ovenbird {
namespace {

// `constraint` is advanced with the answer.
AnswerOptions answer_options(const AskOptions& options, std::optional<Constraint>& constraint,
                             const std::atomic<bool>& cancelled) {
    AnswerOptions answer;
    answer.stop_asked = [&cancelled] { return cancelled.load(); };
    if (constraint) answer.mask = &*constraint;
    answer.max_new_tokens = options.max_new_tokens;
    answer.sampling = options.sampling;
    answer.stop = options.stop;
    answer.draft_tokens = options.prompt_lookup ? kDraftTokens : 0;
    answer.top_log_probabilities = options.top_log_probabilities;
    answer.on_long_prompt = LongPrompt::error;
    answer.template_arguments = options.template_arguments;
    return answer;
}

SessionReply reply_of(Answer answer) {
    auto& generation = answer.generation;
    SessionReply reply;
    reply.text = std::move(answer.text);
    reply.thinking = std::move(answer.thinking);
    reply.finish_reason = generation.reason;
    reply.tokens = std::move(generation.tokens);
    reply.log_probabilities = std::move(generation.log_probabilities);
    reply.top_log_probabilities = std::move(generation.top_log_probabilities);
    reply.seed = generation.seed;
    reply.prompt_tokens = answer.prompt_tokens;
    reply.first_token_ms = generation.first_token_ms;
    reply.total_ms = generation.total_ms;
    return reply;
}

OpenedEngine open(const std::filesystem::path& folder, const SessionOptions& options, int64_t pad_id,
                  std::vector<std::string>& notes) {
    OpenOptions how{.form = options.form, .validate = options.validate};
    how.device.devices = options.devices;
    how.device.properties = options.properties;
    how.device.cache_folder = options.compiled_cache;
    how.device.on_note = [&notes](const std::string& text) { notes.push_back(text); };
    return open_engine(folder, read_manifest(folder), how, pad_id);
}

}  // namespace

struct Session::State {
    State(const std::filesystem::path& folder, const SessionOptions& options)
        : tokenizer(Tokenizer::load(options.tokenizer.empty() ? folder : options.tokenizer)),
          chat(ChatTemplate::load(options.tokenizer.empty() ? folder : options.tokenizer,
                                  options.chat_template)),
          opened(open(folder, options, tokenizer.pad_id(), notes)),
          name(folder.string()) {
        if (chat) conversation.emplace(*opened.engine, tokenizer, *chat, options.context_policy);
    }

    // Held by the one call that runs.
    std::unique_lock<std::mutex> enter() {
        std::unique_lock lock(busy, std::try_to_lock);
        if (!lock)
            fail(ErrorCode::usage, "the session is busy in another thread; wait, or open another session");
        return lock;
    }

    Conversation& talk() {
        if (conversation) return *conversation;
        fail(
            ErrorCode::unsupported,
            "{}: the model has no chat template, so it knows no turns; put its chat_template.jinja there, or "
            "use generate()",
            name);
    }

    AnswerOptions prepare(const AskOptions& options, std::optional<Constraint>& constraint) {
        cancelled = false;
        constraint = make_constraint(options.form, tokenizer);
        return answer_options(options, constraint, cancelled);
    }

    std::function<bool(const std::string&)> listen(const OnText& on_text) const {
        return [this, &on_text](const std::string& text) {
            const bool goes_on = text.empty() || !on_text || on_text(text);
            return goes_on && !cancelled;
        };
    }

    Tokenizer tokenizer;
    std::optional<ChatTemplate> chat;
    std::vector<std::string> notes;  // a graph that is compiled later may add to them
    OpenedEngine opened;
    std::string name;
    std::optional<Conversation> conversation;
    std::mutex busy;
    std::atomic<bool> cancelled = false;
};

Session::Session(const std::filesystem::path& folder, const SessionOptions& options)
    : state_(std::make_unique<State>(folder, options)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

SessionReply Session::chat(const std::string& message, const AskOptions& options, const OnText& on_text) {
    const auto lock = state_->enter();
    std::optional<Constraint> constraint;
    const auto answering = state_->prepare(options, constraint);
    Reply said = state_->talk().say(message, answering, state_->listen(on_text));
    SessionReply reply = reply_of(std::move(said.answer));
    reply.computed_prompt_tokens = said.computed_prompt_tokens;
    reply.dropped_turns = said.dropped_turns;
    return reply;
}

SessionReply Session::generate(const std::string& text, const AskOptions& options, const OnText& on_text) {
    const auto lock = state_->enter();
    auto prompt = encode_prompt(state_->tokenizer, nullptr, text, "");
    std::optional<Constraint> constraint;
    const auto answering = state_->prepare(options, constraint);
    return reply_of(answer(
        *state_->opened.engine, state_->tokenizer, std::move(prompt), answering, [](int64_t) {},
        state_->listen(on_text)));
}

void Session::cancel() noexcept {
    state_->cancelled = true;
}

void Session::set_system(const std::string& text) {
    const auto lock = state_->enter();
    state_->talk().set_system(text);
}

void Session::reset() {
    const auto lock = state_->enter();
    state_->talk().reset();
}

std::vector<ChatMessage> Session::messages() const {
    const auto lock = state_->enter();
    return state_->talk().messages();
}

std::string Session::device() const {
    return state_->opened.engine->device();
}

std::vector<std::string> Session::passed_over() const {
    std::vector<std::string> lines;
    for (const auto& passed : state_->opened.passed_over)
        lines.push_back(passed.device + ": " + passed.reason);
    return lines;
}

std::vector<std::string> Session::notes() const {
    const auto lock = state_->enter();
    return state_->notes;
}

int64_t Session::context_tokens() const {
    return state_->opened.engine->window_tokens();
}

}  // namespace ovenbird
