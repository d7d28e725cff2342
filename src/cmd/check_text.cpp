#include "cmd/check_text.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace ovenbird {
namespace {

bool concerns(const Finding& finding, const std::vector<int>& platforms) {
    return std::any_of(finding.platforms.begin(), finding.platforms.end(), [&](int platform) {
        return std::find(platforms.begin(), platforms.end(), platform) != platforms.end();
    });
}

std::string finding_text(const Finding& finding) {
    const std::string where = finding.platforms.size() == npu_platforms().size()
                                  ? "every NPU"
                                  : fmt::format("{}", fmt::join(finding.platforms, ", "));
    return fmt::format("{} {}: {}: {}; {}", finding.refused ? "refused on" : "costly on", where, finding.node,
                       finding.reason, finding.advice);
}

}  // namespace

std::string report_text(const std::string& graph, const CheckReport& report,
                        const std::vector<int>& platforms) {
    std::string text;
    for (const auto& finding : report.findings) {
        if (concerns(finding, platforms)) text += fmt::format("{}: {}\n", graph, finding_text(finding));
    }
    std::vector<int> taken;
    std::vector<int> refused;
    for (const int platform : platforms)
        (report.refused_on(platform) ? refused : taken).push_back(platform);
    text += graph + ":";
    if (!refused.empty()) text += fmt::format(" would be refused on {};", fmt::join(refused, ", "));
    if (!taken.empty()) text += fmt::format(" should be accepted on {};", fmt::join(taken, ", "));
    return text +
           fmt::format(" its weights take about {:.1f} MB, {:.1f} MB of it because compressed ones grow\n",
                       static_cast<double>(report.memory.weights) / 1e6,
                       static_cast<double>(report.memory.grown) / 1e6);
}

std::string compiled_text(const std::string& graph, const JsonObject& verdict) {
    const bool accepted = verdict.boolean_or("accepted", false);
    return fmt::format("{}: {}: the compiler {}, {:.1f} s, {:.0f} MB of memory{}\n", graph,
                       verdict.integer_or("platform", 0), accepted ? "accepted it" : "REFUSED it",
                       verdict.number_or("seconds", 0.0), verdict.number_or("peak_mb", 0.0),
                       accepted ? fmt::format(", blob {:.1f} MB", verdict.number_or("blob_bytes", 0.0) / 1e6)
                                : ": " + verdict.text_or("reason", ""));
}

std::string estimate_text(int platform, const char* form, const NpuEstimate& estimate) {
    return fmt::format(
        "{}, {} form with a cache: compiled in about {:.0f} s and {:.0f} MB; {:.0f} MB on the device, {} {} "
        "a token\n",
        platform, form, estimate.seconds, estimate.memory_mb,
        static_cast<double>(estimate.device_bytes) / 1e6, estimate.requests,
        estimate.requests == 1 ? "request" : "requests");
}

}  // namespace ovenbird
