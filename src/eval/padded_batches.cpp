#include "eval/padded_batches.hpp"

#include <algorithm>
#include <numeric>

namespace ovenbird {
namespace {

constexpr size_t kMostShapes = 4;  // each is a graph with memory of its own

}  // namespace

std::vector<PaddedBatches> padded_batches(const std::vector<size_t>& lengths) {
    std::vector<size_t> order(lengths.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t left, size_t right) { return lengths[left] > lengths[right]; });
    std::vector<PaddedBatches> sets;
    for (const size_t sequence : order) {
        const size_t length = lengths[sequence];
        if (sets.empty() || (2 * length < sets.back().tokens && sets.size() < kMostShapes))
            sets.push_back({length, 0, {}});
        sets.back().sequences.push_back(sequence);
    }
    for (auto& set : sets)
        set.at_once = std::clamp<size_t>(kRowsOfCall / set.tokens, 1, set.sequences.size());
    return sets;
}

}  // namespace ovenbird
