#pragma once
// A stateful dynamic graph as an Engine: the fastest form where the device takes dynamic shapes (CPU, GPU).

#include <memory>
#include <vector>

#include "device/device.hpp"
#include "run/engine.hpp"
#include "run/kept_tokens.hpp"

namespace ovenbird {

/// Runs graphs/dynamic.xml. Tokens that the states hold already are not computed again: only what follows the
/// common start of one call's ids and the next one's.
class DynamicEngine : public Engine {
public:
    /// `context`: most tokens of a sequence. Errors: unsupported, naming what does not fit.
    DynamicEngine(std::unique_ptr<CompiledSession> session, int64_t context);

    int64_t window_tokens() const override { return context_; }
    int64_t vocab_size() const override { return vocab_size_; }
    std::span<const float> next_logits(std::span<const int64_t> ids) override { return logits_after(ids, 1); }
    int64_t most_rows() const override { return kRows; }
    std::span<const float> logits_after(std::span<const int64_t> ids, int64_t rows) override;
    const std::string& device() const override { return session_->device(); }
    std::string input_shapes() const override;
    int64_t computed_tokens() const override { return kept_.appended(); }

private:
    static constexpr int64_t kRows = 8;  // what a run of the baked graph gives at most

    void truncate(int64_t count);
    void infer(std::span<const int64_t> ids);

    std::unique_ptr<CompiledSession> session_;
    int64_t context_;
    int64_t vocab_size_ = 0;
    KeptTokens kept_;
    std::vector<float> logits_;
};

}  // namespace ovenbird
