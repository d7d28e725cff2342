#pragma once
// What a worker says while it answers. Passes as JSON.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "ovenbird/answer.hpp"
#include "ovenbird/error.hpp"

namespace ovenbird {

/// What is known of a model once it is open.
struct ModelFacts {
    std::string device{};
    std::vector<std::string> fallbacks{};  // "NPU: no such device is visible here …"
    std::vector<std::string> notes{};
    int64_t context_tokens = 0;
    int64_t vocab_size = 0;
    int64_t embedding_length = 0;  // of a model that makes vectors; 0: it writes text
    bool has_template = false;
    bool thinks = false;        // the template has marks for thoughts
    std::string tool_format{};  // as tool_format_names() has them; empty: the template takes no tools
    std::map<std::string, int64_t> special_marks{};  // those of tool_marks() that are special tokens
    std::string input_shapes{};
    SamplingOptions defaults{};  // by the model's own files
    uint64_t cache_bytes = 0;
    double load_s = 0;
};

/// The prompt is understood, the first token is not there yet.
struct PromptEvent {
    int64_t prompt_tokens = 0;
    int64_t cached_tokens = 0;
    uint64_t seed = 0;
    bool thinking_open = false;  // the prompt ends inside the marks for thoughts
};

/// A token with its log probabilities.
struct TokenNote {
    int64_t token = 0;
    std::string text{};
    double log_probability = 0;
    std::vector<TokenLogProbability> top{};
};

/// New tokens, and the text that became certain with them.
struct PieceEvent {
    std::vector<int64_t> ids{};
    std::string text{};
    std::string thinking{};
    std::vector<TokenNote> notes{};
};

struct DoneEvent {
    FinishReason reason = FinishReason::stop;
    std::string stop_string{};  // that ended it; empty: none
    int64_t prompt_tokens = 0;
    int64_t cached_tokens = 0;
    int64_t new_tokens = 0;
    int64_t thinking_tokens = 0;
    double first_token_ms = 0;  // from when the worker took it
    double total_ms = 0;
    uint64_t seed = 0;
};

struct ErrorEvent {
    ErrorCode code = ErrorCode::internal;
    std::string message{};
};

/// It lives, and has computed so many tokens since it was started.
struct AliveEvent {
    int64_t computed_tokens = 0;
};

/// Ids of a text, or the text of ids.
struct TextEvent {
    std::vector<int64_t> ids{};
    std::string text{};
};

/// The vector of the next input.
struct VectorEvent {
    std::vector<float> values{};
    int64_t tokens = 0;
};

/// Another graph is opened, which may take as long as to open a model; `done`: it is.
struct OpeningEvent {
    bool done = false;
};

/// Something that a person should hear.
struct NoteEvent {
    std::string text{};
};

using Event = std::variant<ModelFacts, PromptEvent, PieceEvent, DoneEvent, ErrorEvent, AliveEvent, TextEvent,
                           VectorEvent, OpeningEvent, NoteEvent>;

Json to_json(const Event& event);
/// Errors: invalid_input.
Event event_from_json(const Json& json);

}  // namespace ovenbird
