#pragma once
// Texts made short for messages.

#include <cstddef>
#include <string>
#include <string_view>

namespace ovenbird {

/// The text if it has at most `most_bytes`, else its beginning of at most that many, cut between characters
/// of UTF-8, and "…".
inline std::string cut_text(std::string_view text, size_t most_bytes) {
    if (text.size() <= most_bytes) return std::string(text);
    size_t end = most_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end;
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace ovenbird
