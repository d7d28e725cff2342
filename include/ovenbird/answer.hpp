#pragma once
// The words that a conversation is held in: messages, how an answer is chosen, why it ended.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ovenbird {

struct ChatMessage {
    std::string role;  // "system", "user", "assistant"
    std::string content;
    std::string
        thinking{};  // what the model wrote between its marks for that; templates see reasoning_content
};

/// Variables of a chat template by name ("enable_thinking": "false"). What is JSON is taken as that, else as
/// text.
using TemplateArguments = std::map<std::string, std::string>;

/// What becomes of a conversation that outgrows the context.
enum class ContextPolicy {
    error,  // the message is refused before any work
    shift,  // the oldest turns are not sent any more, whole; the system message stays
};

struct SamplingOptions {
    double temperature = 0;  // 0: greedy
    int64_t top_k = 0;       // only the k most likely; 0: all
    double top_p = 1;        // only the fewest most likely that hold this share (Holtzman et al., 2020)
    double min_p = 0;  // only those at least this share as likely as the most likely (Nguyen et al., 2024)
    double repetition_penalty =
        1;  // divides what is positive, multiplies what is negative (Keskar et al., 2019)
    double presence_penalty = 0;             // subtracted once from what was generated already
    double frequency_penalty = 0;            // subtracted for each time
    std::map<int64_t, double> logit_bias{};  // added to these tokens' logits
    std::optional<uint64_t> seed{};          // none: another text every time
};

/// What an answer must look like: at most one of these; none: anything.
struct AnswerForm {
    std::string json_schema{};  // JSON that this schema takes (https://json-schema.org)
    bool json_object = false;   // any JSON object
    std::string grammar{};      // llguidance's form of Lark, from its rule `start`
    std::string regex{};        // what this expression (Rust's `regex` crate) matches as a whole
};

/// Most alternatives that are told beside each token.
inline constexpr int64_t kMostTopLogProbabilities = 20;

/// A token that could have come, with its natural log probability.
struct TokenLogProbability {
    int64_t token = 0;
    std::string text{};  // of the token by itself; U+FFFD for a part of a character
    double log_probability = 0;
};

enum class FinishReason {
    stop,         // the model ended its answer (an EOS token), its mask says so, or a stop string came
    length,       // the window is full, or max_new_tokens are there
    interrupted,  // the user asked to stop
};
const char* finish_reason_name(FinishReason reason);

}  // namespace ovenbird
