#include "base/error.hpp"
#include "cmd/check_graphs.hpp"
#include "device/device.hpp"

namespace ovenbird {

std::string why_no_rules() {
    return "fixed shapes, states, separated heads, INT4 rows, rank-one terms, the range of f16 and weights "
           "that "
           "grow are not looked at: the rules read graphs by OpenVINO's C++ classes, which this build has "
           "not; "
           "--compile asks the compiler itself";
}

bool judge_graph(const CheckTarget& target, const CheckWords&, Json& json) {
    // A file that nobody can read is not what the compiler refuses.
    std::error_code missing;
    const bool has_weights = std::filesystem::exists(target.bin, missing);
    (void)GraphFile(target.xml, has_weights ? target.bin : std::filesystem::path());
    json = {{"platforms", Json::object()}, {"findings", Json::array()}, {"graph", target.name}};
    return false;
}

bool overflows(const CheckTarget&, const CheckWords&, Json&) {
    fail(ErrorCode::unsupported,
         "--numerics: it takes OpenVINO's C++ classes, which this build has not; try it on Linux, with the "
         "same "
         "folder");
}

}  // namespace ovenbird
