#pragma once
// The seam between the token loop and whatever says which tokens may come next.

#include <cstdint>
#include <span>

namespace ovenbird {

/// Advances with the tokens of one answer. Tests script one; Constraint follows a schema or a grammar.
class TokenMask {
public:
    virtual ~TokenMask() = default;
    /// Says which tokens may come next: bit id % 32 of mask[id / 32], at least one of them. Ids that end an
    /// answer are among them only where it may end. Every word is written. Errors: invalid_input.
    virtual void allowed(std::span<uint32_t> mask) = 0;
    /// `token`, one of those allowed and none that ends the answer, came. Errors: invalid_input.
    virtual void take(int64_t token) = 0;
    /// Nothing may follow what was taken: the answer is complete.
    virtual bool complete() const = 0;
};

/// Words that a mask of this many ids takes.
constexpr size_t mask_words(int64_t ids) {
    return (static_cast<size_t>(ids) + 31) / 32;
}

inline bool is_allowed(std::span<const uint32_t> mask, size_t id) {
    return id / 32 < mask.size() && ((mask[id / 32] >> (id % 32)) & 1U) != 0;
}

}  // namespace ovenbird
