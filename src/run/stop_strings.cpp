#include "run/stop_strings.hpp"

#include <algorithm>
#include <utility>

namespace ovenbird {

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
    std::erase(strings_, "");
}

// The longest end of the held text that begins a stop string.
size_t StopStrings::held_bytes() const {
    size_t longest = 0;
    for (const auto& string : strings_) {
        for (size_t bytes = std::min(string.size() - 1, held_.size()); bytes > longest; --bytes) {
            if (held_.compare(held_.size() - bytes, bytes, string, 0, bytes) == 0) longest = bytes;
        }
    }
    return longest;
}

std::string StopStrings::push(const std::string& piece) {
    if (met_) return "";
    held_ += piece;
    size_t first = std::string::npos;
    for (const auto& string : strings_) {
        const size_t found = held_.find(string);
        if (found >= first) continue;
        first = found;
        which_ = string;
    }
    if (first != std::string::npos) {
        met_ = true;
        return std::exchange(held_, "").substr(0, first);
    }
    const size_t certain = held_.size() - held_bytes();
    std::string text = held_.substr(0, certain);
    held_.erase(0, certain);
    return text;
}

std::string StopStrings::finish() {
    return met_ ? "" : std::exchange(held_, "");
}

}  // namespace ovenbird
