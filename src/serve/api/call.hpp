#pragma once
// What all APIs come down to: a call (which model, what to answer, how) and an answer that comes in deltas.
// One file for each API reads its requests and writes its answers; nothing here knows of HTTP or of workers.

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "serve/tools/tool_calls.hpp"
#include "serve/wire/ask.hpp"
#include "serve/wire/event.hpp"

namespace ovenbird {

/// A request that cannot be served, with HTTP's status; each API has its own form for it.
class ApiError : public std::runtime_error {
public:
    /// `parameter`: the field that is wrong; may be empty. `kind`: OpenAI's `type`
    /// ("invalid_request_error", "not_found_error", "server_error", "rate_limit_error", …).
    ApiError(int status, std::string kind, const std::string& message, std::string parameter = "",
             std::string code = "")
        : std::runtime_error(message),
          status(status),
          kind(std::move(kind)),
          parameter(std::move(parameter)),
          code(std::move(code)) {}
    int status;
    std::string kind;
    std::string parameter;
    std::string code;  // OpenAI's, such as "context_length_exceeded"; empty: none
};

/// 400, for a field of the request.
[[noreturn]] void refuse(const std::string& parameter, const std::string& message);

/// 24 letters and digits, at random.
std::string fresh_id();

/// A request of any API, understood.
struct Call {
    std::string model{};
    Ask ask{};
    bool stream = false;
    bool usage_in_stream = false;  // OpenAI's stream_options.include_usage
    int64_t answers = 1;           // one after the other
    ToolChoice tool_choice{};
    bool thinks_apart = true;               // thoughts have their own field; else they are dropped
    std::optional<int64_t> keep_alive_s{};  // negative: for ever; 0: unload when done
    bool echo = false;                      // the prompt's text first (completions)
    Json repeated = Json::object();         // fields that the answer says again (responses)
};

/// One step of an answer. Several of its parts may be there at once.
struct Delta {
    std::string content{};
    std::string thinking{};
    std::vector<ToolCallPiece> tool_calls{};
    std::vector<TokenNote> tokens{};  // those behind the content, where log probabilities were asked for
};

struct Usage {
    int64_t prompt_tokens = 0;
    int64_t cached_tokens = 0;  // of the prompt: kept from before
    int64_t completion_tokens = 0;
    int64_t reasoning_tokens = 0;  // of these: before the answer

    /// Of several answers to one prompt: the prompt counts once.
    void add(const Usage& next);
};

struct Timings {
    double queue_ms = 0;        // before a worker took it
    double first_token_ms = 0;  // from then on
    double total_ms = 0;
    double tokens_per_second = 0;  // behind the first token
};

enum class End { stop, stop_string, length, tool_calls };

struct Finish {
    End end = End::stop;
    std::string stop_string{};  // that ended it; empty: none
    Usage usage{};
    Timings timings{};
    uint64_t seed = 0;
};

/// Facts of the model that answers, for the frames around an answer.
struct AnswerFacts {
    std::string model;    // as it was asked for
    std::string id;       // of the answer, unique: 24 letters and digits, without an API's prefix
    int64_t created = 0;  // seconds since 1970
    std::string fingerprint;
};

/// One answer, in whole.
struct WholeAnswer {
    std::string content{};
    std::string thinking{};
    std::vector<ToolCall> tool_calls{};
    std::vector<TokenNote> tokens{};
    Finish finish{};

    void add(const Delta& delta);
};

/// Writes one call's answers as a stream. Every function returns bytes to send, often none.
class StreamWriter {
public:
    virtual ~StreamWriter() = default;
    /// The prompt is understood; nothing of the answer is there yet. `cached_tokens` of it were kept from
    /// before.
    virtual std::string begin(int64_t /*prompt_tokens*/, int64_t /*cached_tokens*/) { return ""; }
    /// `choice`: which of the answers, from 0.
    virtual std::string delta(int64_t choice, const Delta& delta) = 0;
    virtual std::string finish(int64_t choice, const Finish& finish) = 0;
    /// Behind the last answer.
    virtual std::string end(const Usage& all) = 0;
    /// Ends the stream in the middle.
    virtual std::string error(const ApiError& error) = 0;
    /// Says that the connection lives.
    virtual std::string heartbeat() { return ": still here\n\n"; }
    virtual const char* content_type() const { return "text/event-stream"; }
};

/// An API's way to answer a call of its own.
class ApiFormat {
public:
    virtual ~ApiFormat() = default;
    virtual std::unique_ptr<StreamWriter> stream(const Call& call, const AnswerFacts& facts) const = 0;
    virtual Json whole(const Call& call, const AnswerFacts& facts,
                       const std::vector<WholeAnswer>& answers) const = 0;
    /// The body of an error.
    virtual Json error(const ApiError& error) const = 0;
};

}  // namespace ovenbird
