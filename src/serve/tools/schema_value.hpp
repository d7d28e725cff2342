#pragma once
// A parameter that a model wrote as text, as JSON of the type that the function's schema asks for.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

/// The types that `parameters` (a JSON schema of an object) allows for its property `key`: "string",
/// "integer", …; empty where it does not say.
std::vector<std::string> types_of(const Json& parameters, const std::string& key);

/// Text that is JSON of one of the types, or JSON where no type is given or none fits, stays as it is but for
/// blanks around it; Python's True, False and None are taken too; anything else becomes a string.
std::string json_value_of(std::string_view text, const std::vector<std::string>& types);

}  // namespace ovenbird
