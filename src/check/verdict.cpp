#include "check/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/cut_text.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr size_t kLongestReason = 2000;
constexpr std::string_view kRequirements = "REQUIREMENTS ";
constexpr std::string_view kBlob = "BLOB ";

std::vector<std::string> lines_of(const ChildResult& ended) {
    std::istringstream text(ended.errors + "\n" + ended.output);
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string::npos) continue;
        lines.push_back(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
    }
    return lines;
}

// "words" of "[ERROR] 12:00:00.000 [vpux-compiler] words", the compiler's own log.
std::optional<std::string> logged_error(const std::string& line) {
    if (line.rfind("[ERROR] ", 0) != 0) return std::nullopt;
    const auto open = line.find('[', 1);
    const auto close = open == std::string::npos ? open : line.find(']', open);
    const auto words = close == std::string::npos ? close : line.find_first_not_of(' ', close + 1);
    if (words == std::string::npos) return std::nullopt;
    return line.substr(words);
}

std::string reason_of(const Compilation& compilation, const ChildResult& ended) {
    if (ended.end == ChildResult::End::timed_out)
        return fmt::format("the compiler was stopped after {} s", compilation.timeout_seconds);
    const auto lines = lines_of(ended);
    for (const auto& line : lines)
        if (const auto words = logged_error(line)) return *words;
    const auto said = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
        return line.rfind("Exception from", 0) != 0;
    });
    // "Compilation failed. … Compiler returned msg:" only announces the words.
    const bool goes_on = said != lines.end() && said->back() == ':' && said + 1 != lines.end();
    if (said != lines.end()) return goes_on ? *said + " " + said[1] : *said;
    return "the compiler said nothing; " + ended.how_it_ended;
}

double rounded(double value, double steps) {
    return std::round(value * steps) / steps;
}

}  // namespace

std::string compiled_lines(const std::string& requirements, uint64_t blob_bytes) {
    // Begun on a line of its own, whatever the compiler wrote before.
    return fmt::format("\n{}{}\n{}{}\n", kRequirements, requirements, kBlob, blob_bytes);
}

Json npu_verdict(const Compilation& compilation, const ChildResult& ended, uint64_t blob_bytes) {
    const std::string told = fmt::format("{}{}", kBlob, blob_bytes);
    bool is_told = false;
    std::string requirements;
    for (const auto& line : lines_of(ended)) {
        is_told = is_told || line == told;
        if (line.rfind(kRequirements, 0) == 0) requirements = line.substr(kRequirements.size());
    }
    const bool accepted =
        ended.end == ChildResult::End::exited && ended.status == 0 && blob_bytes > 0 && is_told;
    std::error_code missing;
    const auto weights =
        std::filesystem::file_size(std::filesystem::path(compilation.xml).replace_extension(".bin"), missing);
    return {{"model", compilation.xml.string()},
            {"platform", compilation.platform},
            {"accepted", accepted},
            {"reason", accepted ? "" : cut_text(reason_of(compilation, ended), kLongestReason)},
            {"seconds", rounded(ended.seconds, 100)},
            {"peak_mb", rounded(static_cast<double>(ended.peak_resident_bytes) / (1 << 20), 10)},
            {"blob_bytes", accepted ? blob_bytes : 0},
            {"weight_bytes", missing ? 0 : weights},
            {"compiler", compilation.compiler},
            {"requirements", accepted ? requirements : ""},
            {"cached", false}};
}

}  // namespace ovenbird
