#pragma once
// Tokens and rules that the files beside a tokenizer.json declare, as transformers resolves them.

#include <filesystem>

#include "base/json.hpp"

namespace ovenbird {

/// What ob_tokenizer_declare() takes, from `folder`'s tokenizer_config.json (added_tokens_decoder, the named
/// special tokens, add_bos_token, add_eos_token) and, where that lists no added tokens,
/// special_tokens_map.json and added_tokens.json. Errors: io, invalid_input.
Json read_declared_tokens(const std::filesystem::path& folder);

}  // namespace ovenbird
