#pragma once
// From logits to the next token.

#include <cstdint>
#include <span>

namespace ovenbird {

/// The token with the largest logit, the lowest id among equals. Errors: verification when a logit is NaN,
/// because a device that computes NaN would otherwise produce confident nonsense.
int64_t argmax(std::span<const float> logits);

}  // namespace ovenbird
