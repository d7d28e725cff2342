// Makes std::filesystem::path take its narrow names for UTF-8.
//
// libstdc++ 12 gives a path's string() in UTF-8, but makes a path of a narrow string by the facet
// std::codecvt<wchar_t, char, mbstate_t>, and that one asks the C locale: each byte becomes a letter of its
// own, and no locale of msvcrt is a UTF-8 one. These definitions of the facet's functions are found before
// the library's, which is linked statically: all that its file codecvt_members.cc has, so that it is never
// linked.

#include <algorithm>
#include <cwchar>
#include <locale>

#include "base/platform/windows/system.hpp"

namespace std {
namespace {

// Bytes of the sequence that begins so; one where none does.
size_t sequence_bytes(unsigned char first) {
    return first >= 0xF0 && first < 0xF8 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
}

}  // namespace

codecvt_base::result codecvt<wchar_t, char, mbstate_t>::do_in(mbstate_t&, const char* from,
                                                              const char* from_end, const char*& from_next,
                                                              wchar_t* to, wchar_t* to_end,
                                                              wchar_t*& to_next) const {
    from_next = from;
    to_next = to;
    while (from_next != from_end) {
        const auto left = static_cast<size_t>(from_end - from_next);
        const size_t size = min(sequence_bytes(static_cast<unsigned char>(*from_next)), left);
        const wstring letter = ovenbird::wide({from_next, size});
        if (static_cast<size_t>(to_end - to_next) < letter.size()) return partial;
        to_next = copy(letter.begin(), letter.end(), to_next);
        from_next += size;
    }
    return ok;
}

codecvt_base::result codecvt<wchar_t, char, mbstate_t>::do_out(mbstate_t&, const wchar_t* from,
                                                               const wchar_t* from_end,
                                                               const wchar_t*& from_next, char* to,
                                                               char* to_end, char*& to_next) const {
    from_next = from;
    to_next = to;
    while (from_next != from_end) {
        const bool pair = *from_next >= 0xD800 && *from_next < 0xDC00 && from_end - from_next > 1;
        const size_t size = pair ? 2 : 1;
        const string letter = ovenbird::narrow({from_next, size});
        if (static_cast<size_t>(to_end - to_next) < letter.size()) return partial;
        to_next = copy(letter.begin(), letter.end(), to_next);
        from_next += size;
    }
    return ok;
}

int codecvt<wchar_t, char, mbstate_t>::do_encoding() const noexcept {
    return 0;  // letters differ in length
}

int codecvt<wchar_t, char, mbstate_t>::do_length(mbstate_t&, const char* from, const char* end,
                                                 size_t most) const {
    const char* place = from;
    while (place != end) {
        const size_t size =
            min(sequence_bytes(static_cast<unsigned char>(*place)), static_cast<size_t>(end - place));
        const size_t letters = size == 4 ? 2 : 1;
        if (letters > most) break;
        most -= letters;
        place += size;
    }
    return static_cast<int>(place - from);
}

int codecvt<wchar_t, char, mbstate_t>::do_max_length() const noexcept {
    return 4;
}

}  // namespace std
