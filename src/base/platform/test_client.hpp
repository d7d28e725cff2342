#pragma once
// For tests: a client of a server on this machine that sends exactly what it is told.

#include <string>
#include <string_view>

namespace ovenbird {

/// What the server at 127.0.0.1:`port` answers to these bytes, until it closes the connection. Errors: io.
std::string answer_at_port(int port, std::string_view bytes);

}  // namespace ovenbird
