#pragma once
// The seam between the token loop and whatever computes logits.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "run/kept_tokens.hpp"

namespace ovenbird {

/// The id that fills places without a token: a tokenizer's own may lie beyond the model's table.
inline int64_t filler_id(int64_t pad_id, int64_t vocab_size) {
    return pad_id >= 0 && pad_id < vocab_size ? pad_id : 0;
}

/// Most tokens of a prompt that one run of a graph without fixed shapes takes: bounds its activations. Eight
/// chunks of 128 take 10% longer.
inline constexpr int64_t kPromptChunkTokens = 1024;

/// Whether whoever waits for the answer wants no more of it. Asked between two runs of a graph, and while a
/// long one runs.
using StopAsked = std::function<bool()>;

/// What is known of an engine once it is open.
struct EngineFacts {
    int64_t window_tokens = 0;  // most tokens that a sequence may hold
    int64_t vocab_size = 0;
    int64_t most_rows = 1;       // of logits at once
    std::string device{};        // "NPU", "CPU", …
    uint64_t cache_bytes = 0;    // allocated for keys and values, once; 0 without a cache
    std::string input_shapes{};  // "[DEBUG] Infer Input Shapes: …": what a token's infer call sends
};

/// What an engine kept of a sequence, on the host.
struct KeptCopy {
    std::vector<int64_t> ids{};                   // whose keys and values they are
    std::vector<std::vector<std::byte>> parts{};  // as the engine that made it lays them out

    uint64_t bytes() const;
};

/// Computes next-token logits for a sequence of tokens. Outside: the window is checked, the common start with
/// what is kept is found, and stopping works, alike for every form. Inside: compute(), the only thing in
/// which forms differ. Tests script it. Not thread-safe.
class Engine {
public:
    virtual ~Engine() = default;
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    int64_t window_tokens() const { return facts_.window_tokens; }
    int64_t vocab_size() const { return facts_.vocab_size; }
    int64_t most_rows() const { return facts_.most_rows; }
    const std::string& device() const { return facts_.device; }
    uint64_t cache_bytes() const { return facts_.cache_bytes; }
    const std::string& input_shapes() const { return facts_.input_shapes; }
    /// Tokens that were computed since it was opened.
    int64_t computed_tokens() const { return computed_; }
    /// Of a sequence, those at its start that next_logits() would not compute again.
    int64_t kept_of(std::span<const int64_t> ids) const {
        return ids.empty() ? 0 : resume_at(kept_.shared_with(ids));
    }
    std::span<const int64_t> kept_ids() const { return kept_.ids(); }

    /// A copy of all that is kept; without ids where this form keeps nothing that could be copied. Errors:
    /// device.
    KeptCopy copy_kept();
    /// What is kept is, from now on, what was kept when the copy was made, by this engine. Errors: device;
    /// nothing is kept then.
    void put_back(const KeptCopy& copy);

    /// Logits (f32, vocab_size() values) that follow the last of `ids` (1 … window_tokens() ids, each below
    /// vocab_size()). Valid until the next call. Errors: device, invalid_input; internal for too many ids.
    std::span<const float> next_logits(std::span<const int64_t> ids) { return logits_after(ids, 1); }
    /// Logits that follow each of the last `rows` ids (1 … most_rows(), at most all of them), one row of
    /// vocab_size() values after the other: how drafted tokens are verified. Valid until the next call. Empty
    /// when `stop` said so: what was computed by then is kept. Errors: as next_logits(); nothing is kept.
    std::span<const float> logits_after(std::span<const int64_t> ids, int64_t rows,
                                        const StopAsked& stop = {});

protected:
    /// To be called before the first compute().
    void describe(EngineFacts facts) {
        facts_ = std::move(facts);
        kept_.reserve(window_tokens());
    }

    struct Request {
        std::span<const int64_t> ids;  // the whole sequence
        int64_t kept;                  // of them, those whose keys and values are there: fewer than all
        int64_t rows;                  // wanted once the last of them is computed
        const StopAsked& stop;         // may be empty

        struct Chunk {
            std::span<const int64_t> ids;
            bool is_last;  // the rows that are wanted come with it
        };
        /// What one run takes behind the first `from` tokens, where a graph has no length of its own.
        Chunk chunk_behind(int64_t from) const;
    };
    struct Progress {
        int64_t from = 0;                 // the first that was computed, at most Request::kept
        int64_t done = 0;                 // one behind the last; `from` when it was stopped
        int64_t kept = 0;                 // how many are kept now
        std::span<const float> logits{};  // once all are done: the rows that were wanted
    };
    /// The last place at or before `kept` tokens from which computing can go on: all of them where what is
    /// kept can be cut anywhere.
    virtual int64_t resume_at(int64_t kept) const { return kept; }
    /// Computes some of the tokens behind the kept ones, at least one: what one run of a graph takes.
    virtual Progress compute(const Request& request) = 0;
    /// The keys and values of the first `tokens` kept tokens; nothing where there are none to copy.
    virtual std::vector<std::vector<std::byte>> copy_cache(int64_t /*tokens*/) { return {}; }
    /// What copy_cache() gave for so many tokens.
    virtual void restore_cache(const std::vector<std::vector<std::byte>>& /*parts*/, int64_t /*tokens*/) {}

    static bool asks_to_stop(const StopAsked& stop) { return stop && stop(); }

private:
    EngineFacts facts_;
    KeptTokens kept_;
    int64_t computed_ = 0;
};

}  // namespace ovenbird
