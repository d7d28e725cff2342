#include "bake/source/printable.hpp"

#include <cstdint>

namespace ovenbird {
namespace {

constexpr size_t kMaxPrinted = 200;

bool continues(std::string_view text, size_t at, unsigned char low = 0x80, unsigned char high = 0xBF) {
    if (at >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[at]);
    return byte >= low && byte <= high;
}

}  // namespace

// RFC 3629's table: the second byte's range shuts out overlong forms, surrogates and code points past
// U+10FFFF.
size_t utf8_length(std::string_view text, size_t at) {
    if (at >= text.size()) return 0;
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(text, at + 1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
        return continues(text, at + 1, low, high) && continues(text, at + 2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
        const bool whole =
            continues(text, at + 1, low, high) && continues(text, at + 2) && continues(text, at + 3);
        return whole ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        const size_t length = utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string printable(std::string_view text) {
    std::string result;
    for (size_t at = 0; at < text.size();) {
        if (result.size() >= kMaxPrinted) return result + "...";
        const size_t length = utf8_length(text, at);
        const auto lead = static_cast<unsigned char>(text[at]);
        // C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey too.
        const bool control = lead < 0x20 || lead == 0x7F ||
                             (length == 2 && lead == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0);
        if (length == 0 || control) {
            result += '?';
        } else {
            result += text.substr(at, length);
        }
        at += length == 0 ? 1 : length;
    }
    return result;
}

}  // namespace ovenbird
