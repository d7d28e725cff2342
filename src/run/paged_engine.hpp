#pragma once
// Graphs with paged attention as an Engine: the fastest form on a CPU.

#include <memory>
#include <vector>

#include "device/device.hpp"
#include "run/engine.hpp"

namespace ovenbird {

/// Keeps one sequence in pages that two compiled graphs share: one for chunks of any length, one for a token.
/// What is kept is forgotten by counting less of it: a rejected draft costs nothing.
class PagedEngine : public Engine {
public:
    /// `chunk` and `token`: PagedGraphs, compiled; `context`: most tokens of a sequence. Allocates all pages.
    /// Errors: unsupported, naming what does not fit.
    PagedEngine(std::unique_ptr<CompiledGraph> chunk, std::unique_ptr<CompiledGraph> token, int64_t context);

    /// Pages that a sequence of `context` tokens takes.
    static int64_t pages(int64_t context) { return (context + kPageTokens - 1) / kPageTokens; }

private:
    static constexpr int64_t kPageTokens = 32;  // what the CPU device computes with
    static constexpr int64_t kRows = 64;        // bounds the memory of logits

    Progress compute(const Request& request) override;
    std::vector<std::vector<std::byte>> copy_cache(int64_t tokens) override;
    void restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) override;
    uint64_t allocate_pages(int64_t context);
    CompiledGraph& fill(std::span<const int64_t> ids, int64_t position, int64_t rows);

    std::unique_ptr<CompiledGraph> chunk_;
    std::unique_ptr<CompiledGraph> token_;
    Tensor past_, begins_, page_begins_, length_, first_row_;  // shared by both graphs
    Tensor token_id_, token_position_;
    std::vector<Tensor> pages_;  // of keys and of values, of each layer
    std::vector<float> logits_;
};

}  // namespace ovenbird
