#pragma once
// What engines over static graphs with a cache have in common: which graph takes which tokens.

#include <algorithm>
#include <span>
#include <vector>

#include "model/manifest.hpp"
#include "run/engine.hpp"
#include "run/host_cache.hpp"
#include "run/state_snapshots.hpp"

namespace ovenbird {

/// Keeps the tokens of a sequence in the smallest bucket of context that holds it, and computes new ones in
/// chunks of the lengths that the graphs have.
class ChunkedEngine : public Engine {
protected:
    /// `shapes`: what the graphs take. Errors: unsupported when there are none.
    ChunkedEngine(std::vector<Step> shapes, int64_t context);

    struct Chunk {
        std::span<const int64_t> ids;  // at most the shape's tokens
        int64_t kept;                  // tokens in the cache before them
        int64_t placed;                // of ids, those that get a place in the cache
        int64_t rows;                  // of logits, the last ones
    };
    /// Runs the graph of that shape on a chunk and places its keys and values. The logits are valid until the
    /// next run; none when it was stopped.
    virtual std::span<const float> run(const Step& shape, const Chunk& chunk, const StopAsked& stop) = 0;

    /// A sequence no longer fits the bucket in use; kept() tokens go on into the one of `context` tokens.
    virtual void use_bucket(int64_t context) = 0;

    /// Where they are kept.
    virtual HostCache& cache() = 0;
    virtual const HostCache& cache() const = 0;

    int64_t context() const { return context_; }
    int64_t most_rows_of_graphs() const;

    /// The bucket's graph for so many tokens: the smallest that takes them, else the largest there is. It
    /// sees at least `past` tokens of the cache.
    const Step& shape_for(int64_t tokens, int64_t rows, int64_t past = 0) const;

private:
    int64_t resume_at(int64_t kept) const override;
    Progress compute(const Request& request) override;
    void bring_states_to(int64_t place, const Step& shape);
    std::vector<std::vector<std::byte>> copy_cache(int64_t tokens) override;
    void restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) override;
    void choose_bucket(int64_t tokens);
    std::vector<Step> shapes_;
    int64_t context_;
    int64_t bucket_;
    StateSnapshots states_;  // where there are whole states
};

}  // namespace ovenbird
