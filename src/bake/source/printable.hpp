#pragma once
// Text from a stranger's file, made fit for an error message.

#include <string>
#include <string_view>

namespace ovenbird {

/// The text with control characters and broken UTF-8 as '?', cut after 200 bytes: a tensor's name must not be
/// able to steer a terminal or fill a log.
std::string printable(std::string_view text);

/// True when the bytes are well-formed UTF-8 (no surrogates, nothing overlong).
bool is_utf8(std::string_view text);

/// Bytes of the UTF-8 character that starts at text[at], 0 where none does.
size_t utf8_length(std::string_view text, size_t at);

}  // namespace ovenbird
