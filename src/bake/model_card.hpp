#pragma once
// README.md of a baked folder: what it was made of, how, and what that cost, for whoever finds it.

#include <string>

#include "model/manifest.hpp"

namespace ovenbird {

/// Markdown with the front matter that hubs read.
std::string model_card(const Manifest& manifest);

}  // namespace ovenbird
