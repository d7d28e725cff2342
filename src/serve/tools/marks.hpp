#pragma once
// Marks such as "<tool_call>" in text that comes in pieces: what may become one, and which one it became.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ovenbird {

bool is_blank(char byte);

/// Bytes at the end of `text` that may become one of `marks`, as more comes. 0 where none may.
size_t begun_bytes(std::string_view text, const std::vector<std::string>& marks);

/// Reads one of several marks, none of which begins another; blanks may precede it.
class MarkMatcher {
public:
    enum class Step { more, matched, failed };
    explicit MarkMatcher(std::vector<std::string> marks) : marks_(std::move(marks)) {}
    Step take(char byte);
    /// Of `marks`, once matched.
    size_t mark() const { return mark_; }
    void restart() { seen_.clear(); }

private:
    std::vector<std::string> marks_;
    std::string seen_;
    size_t mark_ = 0;
};

}  // namespace ovenbird
