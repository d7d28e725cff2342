#pragma once
// The bodies of embedders: encoders, and the decoders of the families' table.

#include "base/json.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// Whether config.json is that of an encoder, which writes no text.
bool is_encoder(const Json& config);

/// Reads and validates a config.json. Errors: unsupported (names the type and lists the known ones),
/// invalid_input.
EmbedderBody read_embedder_body(const Json& config, const std::string& origin);

}  // namespace ovenbird
