#include "serve/tools/marks.hpp"

#include <algorithm>

namespace ovenbird {

bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

size_t begun_bytes(std::string_view text, const std::vector<std::string>& marks) {
    size_t most = 0;
    for (const auto& mark : marks) {
        for (size_t bytes = std::min(text.size(), mark.size() - 1); bytes > most; --bytes) {
            if (text.ends_with(std::string_view(mark).substr(0, bytes))) most = bytes;
        }
    }
    return most;
}

MarkMatcher::Step MarkMatcher::take(char byte) {
    if (seen_.empty() && is_blank(byte)) return marks_.empty() ? Step::failed : Step::more;
    seen_ += byte;
    for (size_t i = 0; i < marks_.size(); ++i) {
        if (!marks_[i].starts_with(seen_)) continue;
        if (marks_[i].size() > seen_.size()) return Step::more;
        mark_ = i;
        seen_.clear();
        return Step::matched;
    }
    return Step::failed;
}

}  // namespace ovenbird
