#pragma once
// Lines put together to messages: a line that ends in a backslash goes on, and so does what stands between
// """.

#include "cmd/line_source.hpp"

namespace ovenbird {

/// The next message, or the end, or that it was abandoned; lines that hold nothing are passed over. What the
/// input's end cuts short is a message, too.
Line read_message(LineSource& lines);

}  // namespace ovenbird
