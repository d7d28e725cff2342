#pragma once
// The tokens whose keys and values a cache holds.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace ovenbird {

/// Tells which tokens of a sequence need no computing again.
class KeptTokens {
public:
    int64_t count() const { return static_cast<int64_t>(ids_.size()); }
    std::span<const int64_t> ids() const { return ids_; }

    /// How many tokens at the start of `ids` are kept, at most all but the last `wanted`: their logits are
    /// wanted.
    int64_t shared_with(std::span<const int64_t> ids, int64_t wanted = 1) const {
        const size_t most = std::min(ids_.size(), ids.size() - static_cast<size_t>(wanted));
        const auto end = ids_.begin() + static_cast<std::ptrdiff_t>(most);
        return std::mismatch(ids_.begin(), end, ids.begin()).first - ids_.begin();
    }

    /// Takes the memory for so many tokens now.
    void reserve(int64_t count) { ids_.reserve(static_cast<size_t>(count)); }

    void truncate(int64_t count) { ids_.resize(static_cast<size_t>(count)); }
    void append(std::span<const int64_t> ids) { ids_.insert(ids_.end(), ids.begin(), ids.end()); }

private:
    std::vector<int64_t> ids_;
};

}  // namespace ovenbird
