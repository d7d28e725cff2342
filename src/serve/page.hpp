#pragma once
// The chat page, one file, as web/ makes it; the program carries it along.

#include <string_view>

namespace ovenbird {

std::string_view page_html();
/// Its Content-Security-Policy.
std::string_view page_policy();

}  // namespace ovenbird
