#include "run/prompt_lookup.hpp"

#include <algorithm>

namespace ovenbird {
namespace {

constexpr size_t kLongestMatch = 4;
constexpr size_t kShortestMatch = 2;  // a single token is too common to tell anything

}  // namespace

std::vector<int64_t> lookup_draft(std::span<const int64_t> window, int64_t most) {
    for (size_t length = kLongestMatch; length >= kShortestMatch; --length) {
        if (most < 1 || window.size() <= length) continue;
        const auto end = window.last(length);
        const auto earlier = window.first(window.size() - 1);  // something must follow
        const auto found = std::find_end(earlier.begin(), earlier.end(), end.begin(), end.end());
        if (found == earlier.end()) continue;
        const auto begin = found + static_cast<std::ptrdiff_t>(length);
        const auto count = std::min<std::ptrdiff_t>(most, window.end() - begin);
        return {begin, begin + count};
    }
    return {};
}

}  // namespace ovenbird
