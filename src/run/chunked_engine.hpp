#pragma once
// What engines over static graphs with a cache have in common: which graph takes which tokens.

#include <algorithm>
#include <span>
#include <vector>

#include "model/manifest.hpp"
#include "run/engine.hpp"
#include "run/kept_tokens.hpp"

namespace ovenbird {

/// Keeps the tokens of a sequence in the smallest bucket of context that holds it, and computes new ones in
/// chunks of the lengths that the graphs have.
class ChunkedEngine : public Engine {
public:
    int64_t window_tokens() const override { return context_; }
    std::span<const float> next_logits(std::span<const int64_t> ids) override { return logits_after(ids, 1); }
    int64_t most_rows() const override;
    std::span<const float> logits_after(std::span<const int64_t> ids, int64_t rows) override;
    int64_t computed_tokens() const override { return kept_.appended(); }

protected:
    /// `shapes`: what the graphs take. Errors: unsupported when there are none.
    ChunkedEngine(std::vector<Step> shapes, int64_t context);

    /// Runs the graph of that shape on `ids`, at most shape.tokens, behind the kept ones, and places their
    /// keys and values as far as there is room. The logits of the last `rows` are valid until the next run.
    virtual std::span<const float> run(const Step& shape, std::span<const int64_t> ids, int64_t rows) = 0;

    /// A sequence no longer fits the bucket in use; kept() tokens go on into the one of `context` tokens.
    virtual void use_bucket(int64_t context) = 0;

    int64_t kept() const { return kept_.count(); }

    /// How many of new tokens get a place in the cache. The last token of a full context has none, and needs
    /// none: nothing can follow it.
    int64_t placed_of(const Step& shape, std::span<const int64_t> ids) const {
        return std::min<int64_t>(static_cast<int64_t>(ids.size()), shape.context - 1 - kept());
    }

    /// The bucket's graph for so many tokens: the smallest that takes them, else the largest there is.
    const Step& shape_for(int64_t tokens, int64_t rows) const;

private:
    void choose_bucket(int64_t tokens);
    std::vector<Step> shapes_;
    int64_t context_;
    int64_t bucket_;
    KeptTokens kept_;
};

}  // namespace ovenbird
