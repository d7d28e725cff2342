#pragma once
// Which checkpoints are no causal language models, by what config.json says of them.

#include <string>

#include "base/json.hpp"

namespace ovenbird {

/// Looks at `architectures` of config.json. A class that ranks, labels or embeds is refused, and so is a bare
/// decoder ("LlamaModel") whose weights have no head. Returns what to tell of a bare decoder that has one;
/// empty: nothing. Errors: unsupported (names the class, and what would help).
std::string check_task(const JsonObject& config, bool has_head);

}  // namespace ovenbird
