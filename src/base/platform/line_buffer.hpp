#pragma once
// The lines of a LineChild as its bytes come: what both systems' ends share.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <cstddef>
#include <optional>
#include <string>

namespace ovenbird {

class LineBuffer {
public:
    std::string& bytes() { return bytes_; }
    bool too_long() const { return bytes_.size() > kLongestLine; }
    /// The next line without its "\n", once it is whole.
    std::optional<std::string> take() {
        const size_t end = bytes_.find('\n', searched_);
        searched_ = end == std::string::npos ? bytes_.size() : 0;
        if (end == std::string::npos) return std::nullopt;
        std::string line = bytes_.substr(0, end);
        bytes_.erase(0, end + 1);
        return line;
    }

private:
    static constexpr size_t kLongestLine = size_t{64} << 20;
    std::string bytes_;
    size_t searched_ = 0;  // no line ends before
};

}  // namespace ovenbird
