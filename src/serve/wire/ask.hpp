#pragma once
// What a worker is asked: a conversation or a text, and how to go on with it. Passes as JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "ovenbird/answer.hpp"

namespace ovenbird {

/// Sampling as a request says it: what is absent is the model's own default.
struct AskedSampling {
    std::optional<double> temperature{};
    std::optional<int64_t> top_k{};
    std::optional<double> top_p{};
    std::optional<double> min_p{};
    std::optional<double> repetition_penalty{};
    std::optional<double> presence_penalty{};
    std::optional<double> frequency_penalty{};
    std::map<int64_t, double> logit_bias{};
    std::optional<uint64_t> seed{};  // none: another text every time

    /// `defaults` with what was asked.
    SamplingOptions over(SamplingOptions defaults) const;
};

struct Ask {
    // One of these is answered.
    Json messages = nullptr;     // an array, as chat templates take it
    std::string text{};          // as it is, with what the tokenizer adds
    std::vector<int64_t> ids{};  // tokens, as they are

    // For a chat template, with messages.
    Json tools = nullptr;  // an array of {"type": "function", "function": {…}}, or null
    TemplateArguments template_arguments{};
    /// Appended to the rendered prompt: the beginning of the answer.
    std::string prefix{};

    int64_t max_new_tokens = -1;  // -1: until the context is full
    AskedSampling sampling{};
    std::vector<std::string> stop{};
    AnswerForm form{};
    bool ignore_eos = false;
    int64_t top_log_probabilities = -1;  // -1: no log probabilities; 0 to 20 alternatives beside each
    /// What was answered before a worker broke down: the answer goes on behind it, with the same seed.
    std::vector<int64_t> resumed{};
};

/// Errors: invalid_input.
uint64_t seed_from_text(const std::string& text);

Json to_json(const Ask& ask);
/// Errors: invalid_input.
Ask ask_from_json(const Json& json);

}  // namespace ovenbird
