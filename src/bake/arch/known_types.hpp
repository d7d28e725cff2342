#pragma once
// Model types that are known and not baked: why, in words.

#include <string>
#include <string_view>

namespace ovenbird {

/// "it is a mixture of experts, …"; empty for a type that nothing is known of.
std::string why_not_baked(std::string_view model_type);

}  // namespace ovenbird
