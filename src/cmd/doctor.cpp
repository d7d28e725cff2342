#include "doctor/examine.hpp"

#include "base/error.hpp"
#include "cmd/commands.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "device/compiled_cache.hpp"
#include "device/device.hpp"
#include "hub/hub.hpp"
#include "hub/store.hpp"

namespace ovenbird {
namespace {

HubState hub_state() {
    try {
        const HubSettings settings = hub_settings();
        return {settings.endpoint, settings.cache, settings.has_token, settings.offline, {}};
    } catch (const Error& error) {
        return {{}, {}, false, false, error.what()};
    }
}

Machine this_machine() {
    Machine machine = this_system();
    machine.openvino = openvino_version();
    for (auto& plugin : runtime_plugins())
        machine.plugins.push_back({plugin.name, plugin.version, plugin.fault, plugin.devices});
    machine.compiled_cache = compiled_cache_folder();
    for (const auto& entry : cache_entries(machine.compiled_cache)) {
        machine.compiled_bytes += entry.bytes;
        ++machine.compiled_models;
    }
    machine.hub = hub_state();
    machine.places.push_back(
        {"models", model_store(), "ovenbird rm NAME, or OVENBIRD_HOME in a folder of a larger disk"});
    machine.places.push_back({"compiled models", machine.compiled_cache,
                              "ovenbird cache clear, or OVENBIRD_CACHE_DIR on a larger disk"});
    if (machine.hub.fault.empty())
        machine.places.push_back(
            {"downloads", machine.hub.cache, "HF_HUB_CACHE in a folder of a larger disk"});
    return machine;
}

void print_symptoms(const Examination& examination) {
    std::string topic;
    for (const auto& symptom : examination.symptoms) {
        print_output("{:<8}  {:<17}  {}\n", health_name(symptom.health),
                     symptom.topic == topic ? "" : symptom.topic, symptom.text);
        if (!symptom.mend.empty()) print_output("{:<8}  {:<17}  mend: {}\n", "", "", symptom.mend);
        topic = symptom.topic;
    }
    print_output("\n{}\n", examination.can_run ? "Models can run here."
                                               : "Nothing here can run a model: OpenVINO sees no device.");
}

}  // namespace

int doctor_command(int argc, char** argv) {
    CLI::App app(
        "Say what this machine has and lacks to run models, and what mends it; exit status 1 where "
        "nothing can run one",
        "ovenbird doctor");
    bool json = false;
    app.add_flag("--json", json, "Print what was found as JSON");
    if (!parse_command(app, argc, argv)) return 0;
    const Examination examination = examine(this_machine());
    if (json) {
        write_output(to_json(examination).dump(2) + "\n");
    } else {
        print_symptoms(examination);
    }
    return examination.can_run ? 0 : 1;
}

}  // namespace ovenbird
