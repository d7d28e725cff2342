#include "check/report.hpp"

#include <algorithm>

namespace ovenbird {

const std::vector<NpuPlatform>& npu_platforms() {
    static const std::vector<NpuPlatform> platforms{{3720, "Meteor Lake, Arrow Lake"},
                                                    {4000, "Lunar Lake"},
                                                    {5010, "Panther Lake"},
                                                    {5020, "Wildcat Lake"},
                                                    {6010, "the next generation"}};
    return platforms;
}

bool CheckReport::refused_on(int platform) const {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.refused && std::find(finding.platforms.begin(), finding.platforms.end(), platform) !=
                                      finding.platforms.end();
    });
}

Json to_json(const CheckReport& report) {
    Json json = {{"platforms", Json::object()}, {"findings", Json::array()}};
    for (const auto& platform : npu_platforms())
        json["platforms"][std::to_string(platform.number)] =
            report.refused_on(platform.number) ? "refused" : "accepted";
    for (const auto& finding : report.findings) {
        json["findings"].push_back({{"refused", finding.refused},
                                    {"platforms", finding.platforms},
                                    {"node", finding.node},
                                    {"reason", finding.reason},
                                    {"advice", finding.advice}});
    }
    json["weights_bytes"] = report.memory.weights;
    json["grown_bytes"] = report.memory.grown;
    return json;
}

}  // namespace ovenbird
