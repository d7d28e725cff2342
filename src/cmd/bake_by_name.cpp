#include "cmd/bake_by_name.hpp"

#include <algorithm>

#include "bake/bake.hpp"
#include "base/error.hpp"
#include "device/device.hpp"
#include "hub/pull.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// An NPU keeps weights small only with one scale a row; other devices answer better with groups.
BakeOptions usual_options(Reporter& reporter, const std::string& name) {
    BakeOptions options;
    const auto devices = available_devices();
    const bool has_npu = std::any_of(devices.begin(), devices.end(),
                                     [](const auto& device) { return device_family(device.first) == "NPU"; });
    if (has_npu) options.group_size = -1;
    reporter.note(fmt::format(
        "baking {} with INT4 weights, {}, and a context of {} tokens; other options: ovenbird bake {} --help",
        name,
        has_npu ? "one scale a row because an NPU is visible"
                : fmt::format("groups of {} because no NPU is visible", options.group_size),
        options.context, name));
    return options;
}

}  // namespace

fs::path baked_now(const ModelName& name, const fs::path& place, Reporter& reporter) {
    const PulledModel pulled = pull(name, reporter);
    if (pulled.is_baked) return pulled.source;
    BakeOptions options = usual_options(reporter, name.text());
    options.source = pulled.source;
    options.output = place;
    if (const auto told = suit_embedder(options, {}); !told.empty()) reporter.note(told);
    fs::create_directories(place.parent_path());
    bake(options, reporter);
    return place;
}

}  // namespace ovenbird
