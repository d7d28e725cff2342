#include "cmd/named_model.hpp"

#include <algorithm>

#include "bake/bake.hpp"
#include "base/error.hpp"
#include "device/device.hpp"
#include "hub/pull.hpp"
#include "hub/store.hpp"
#include "model/baked_folder.hpp"

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

}  // namespace

fs::path baked_folder(const fs::path& named, Reporter& reporter) {
    std::error_code error;
    if (fs::is_directory(named, error)) return named;
    const auto name = named_model(named);
    if (!name)
        fail(ErrorCode::not_found,
             "{}: no such folder; bake a model first (ovenbird bake SOURCE -o {}), or name one of a hub "
             "(ORG/NAME)",
             named.string(), named.string());
    const fs::path place = baked_place(model_store(), *name);
    return fs::is_regular_file(place / kManifestName, error) ? place : baked_now(*name, place, reporter);
}

fs::path tokenizer_place(const fs::path& named, Reporter& reporter) {
    const auto name = named_model(named);
    return name ? pull_tokenizer(*name, reporter) : named;
}

}  // namespace ovenbird
