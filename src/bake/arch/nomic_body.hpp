#pragma once
// The configuration of Nomic's encoder, as transformers 5 writes it and as its makers did.

#include "base/json.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// Errors: unsupported (experts, a norm before each half, biases, another rotary embedding), invalid_input.
EmbedderBody read_nomic_body(const JsonObject& given);

}  // namespace ovenbird
