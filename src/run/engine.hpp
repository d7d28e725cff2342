#pragma once
// The seam between the token loop and whatever computes logits.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ovenbird {

/// The id that fills places without a token: a tokenizer's own may lie beyond the model's table.
inline int64_t filler_id(int64_t pad_id, int64_t vocab_size) {
    return pad_id >= 0 && pad_id < vocab_size ? pad_id : 0;
}

/// Computes next-token logits for a sequence of tokens. Tests script one; StaticEngine runs a device.
class Engine {
public:
    virtual ~Engine() = default;
    /// Most tokens a sequence may hold (N of [1, N]).
    virtual int64_t window_tokens() const = 0;
    virtual int64_t vocab_size() const = 0;
    /// Logits (f32, vocab_size values) that follow the last of `ids` (1 … window_tokens() ids, each below
    /// vocab_size()). Valid until the next call. Errors: device, invalid_input.
    virtual std::span<const float> next_logits(std::span<const int64_t> ids) = 0;
    /// Most rows that logits_after() gives at once.
    virtual int64_t most_rows() const { return 1; }
    /// Logits that follow each of the last `rows` ids (1 … most_rows(), at most all of them), one row of
    /// vocab_size values after the other: how drafted tokens are verified. Valid until the next call.
    virtual std::span<const float> logits_after(std::span<const int64_t> ids, [[maybe_unused]] int64_t rows) {
        return next_logits(ids);
    }
    /// Tokens whose keys and values were computed since it was opened; 0 for engines that keep none.
    virtual int64_t computed_tokens() const { return 0; }
    /// "NPU", "CPU", …
    virtual const std::string& device() const = 0;
    /// Bytes allocated for keys and values, once; 0 without a cache.
    virtual uint64_t cache_bytes() const { return 0; }
    /// "[DEBUG] Infer Input Shapes: …": the names, shapes and types that a token's infer call sends.
    virtual std::string input_shapes() const { return ""; }
};

}  // namespace ovenbird
