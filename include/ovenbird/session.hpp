#pragma once
// A model opened on a device, to talk with. No OpenVINO in the interface.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ovenbird/answer.hpp"
#include "ovenbird/error.hpp"

namespace ovenbird {

/// Which of the folder's graphs are run.
enum class FormChoice {
    best,        // what suits the device: with a cache where the folder has one, static graphs on an NPU only
    window,      // without a cache: the whole window [1, N] is computed for every token
    any_static,  // static graphs with a cache on every device, whichever suit it
    whole,       // of these, all layers in one graph
    folded,      // of these, one graph run for every layer
};

struct SessionOptions {
    std::vector<std::string> devices{"NPU", "GPU", "CPU"};  // the first that takes the model is used
    std::map<std::string, std::string> properties{};        // for the device, any OpenVINO property
    std::filesystem::path compiled_cache{};                 // folder of compiled models; empty: none are kept
    std::filesystem::path tokenizer{};                      // its folder; empty: the model's
    std::string chat_template{};                            // of several, this one; empty: the default
    FormChoice form = FormChoice::best;
    ContextPolicy context_policy = ContextPolicy::shift;
    /// Whether the device's first step is compared with what the bake recorded, and the device passed over
    /// when it says something else. None: on every device but the CPU.
    std::optional<bool> validate{};
};

struct AskOptions {
    int64_t max_new_tokens = 256;
    SamplingOptions sampling{};         // greedy
    std::vector<std::string> stop{};    // strings or special tokens that end the answer and do not show
    AnswerForm form{};                  // max_new_tokens still cuts
    bool prompt_lookup = false;         // draft tokens from what was said before: the same text, often sooner
    int64_t top_log_probabilities = 0;  // likeliest tokens to tell beside each one, at most 20
    TemplateArguments template_arguments{};  // variables of the chat template; chat() only
};

struct SessionReply {
    std::string text;
    std::string thinking{};  // what a model that reasons wrote before it, between its marks
    FinishReason finish_reason = FinishReason::length;
    std::vector<int64_t> tokens{};  // new ones, without the one that ended it
    // Of each, natural, as the model's own logits say: before temperature, filters, penalties, bias and form.
    std::vector<double> log_probabilities{};
    // At each token's place the likeliest ones, the likeliest first, as many as were asked for.
    std::vector<std::vector<TokenLogProbability>> top_log_probabilities{};
    uint64_t seed = 0;  // draws the same text again
    int64_t prompt_tokens = 0;
    int64_t computed_prompt_tokens = 0;  // the others were kept
    int64_t dropped_turns = 0;           // under ContextPolicy::shift
    double first_token_ms = 0;
    double total_ms = 0;
};

/// Owns all that it opened. One thread at a time: a call while another one runs fails (usage), but for
/// cancel(). Sessions share nothing but the process's OpenVINO runtime, so several of them, of one folder or
/// of many, may be used in several threads at once.
class Session {
public:
    /// Gets text as soon as it is certain, never half a character, in the thread that asked; returns false to
    /// stop. What it throws comes out of the call, and the conversation is as before.
    using OnText = std::function<bool(const std::string&)>;

    /// Opens a folder that bake() made. Errors: not_found, invalid_input, unsupported, device.
    explicit Session(const std::filesystem::path& folder, const SessionOptions& options = {});
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;
    ~Session();

    /// Answers the next message of the conversation, rendered by the model's chat template; only what is new
    /// of it is computed. Errors: usage (empty, or too long under the context policy), unsupported (no chat
    /// template), invalid_input, device. The conversation is then as it was.
    SessionReply chat(const std::string& message, const AskOptions& options = {}, const OnText& on_text = {});
    /// Goes on with `text` as it is: no template, no part of the conversation. Errors: as chat().
    SessionReply generate(const std::string& text, const AskOptions& options = {},
                          const OnText& on_text = {});
    /// Ends the answer under way at its next token, or within a long prompt, from any thread; what was said
    /// is kept. Does nothing where none is under way.
    void cancel() noexcept;

    /// The system message from now on; empty: the template's own. Errors: unsupported (no chat template).
    void set_system(const std::string& text);
    /// Forgets the conversation but for the system message.
    void reset();
    std::vector<ChatMessage> messages() const;

    std::string device() const;
    /// "NPU: no such device is visible here …": those tried before, with their reasons.
    std::vector<std::string> passed_over() const;
    /// All that a person should hear of the opening, passed_over() among it: a blob refused and why, a form
    /// that could not be used.
    std::vector<std::string> notes() const;
    int64_t context_tokens() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ovenbird
