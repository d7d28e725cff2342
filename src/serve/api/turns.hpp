#pragma once
// Messages as chat templates take them, one turn after the other.

#include "base/json.hpp"

namespace ovenbird {

/// Appends a message. Where it is the same role's as the one before it, and both are no more than text (or
/// the assistant's, before its calls), they become one: many templates take turns that alternate and nothing
/// else.
void append_turn(Json& messages, Json message);

}  // namespace ovenbird
