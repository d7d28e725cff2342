#pragma once
// Sequences of many lengths for graphs of few: those of about the same length are computed together.

#include <cstddef>
#include <vector>

namespace ovenbird {

/// Rows (tokens, padding included) of about one call of a graph.
inline constexpr size_t kRowsOfCall = 2048;

/// Sequences that a graph of one shape computes, some at a time, each padded on the right.
struct PaddedBatches {
    size_t tokens = 0;              // of each, padding included
    size_t at_once = 0;             // sequences of a call
    std::vector<size_t> sequences;  // their numbers, the longest first
    size_t calls() const { return (sequences.size() + at_once - 1) / at_once; }
};

/// Every sequence in one of at most four sets, each as long as its longest; but for the last, none is padded
/// to more than twice its length. `lengths`: tokens of each, 1 at least.
std::vector<PaddedBatches> padded_batches(const std::vector<size_t>& lengths);

}  // namespace ovenbird
