#include "device/reason.hpp"

#include <sstream>

#include "base/cut_text.hpp"

namespace ovenbird {

std::string one_line_reason(const std::string& what) {
    std::istringstream lines(what);
    std::string line;
    std::string reason;
    while (std::getline(lines, line)) {
        const size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string::npos) continue;
        line = line.substr(begin);
        const bool position =
            line.rfind("Exception from ", 0) == 0 ||
            (line.rfind("Check '", 0) == 0 && line.find("' failed at ") != std::string::npos);
        if (reason.empty() || !position) reason = line;
        if (!position) break;
    }
    constexpr size_t kLongest = 300;
    return reason.empty() ? "no reason given" : cut_text(reason, kLongest);
}

}  // namespace ovenbird
