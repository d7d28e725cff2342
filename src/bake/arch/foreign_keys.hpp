#pragma once
// Keys of config.json that change the graph in other families.

#include <string_view>

#include "base/json.hpp"

namespace ovenbird {

/// Refuses a configuration that asks of `model_type` what Ovenbird's graph of it does not have: a cap on
/// scores, a multiplier, experts. transformers passes such a key by; a program that trained with it does not.
/// Errors: unsupported, naming the key and its value.
void refuse_foreign_keys(const JsonObject& config, std::string_view model_type);

}  // namespace ovenbird
