#include "doctor/examine.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "doctor/parts.hpp"

namespace ovenbird {

const char* health_name(Health health) {
    switch (health) {
        case Health::ok:
            return "ok";
        case Health::warning:
            return "warning";
        case Health::problem:
            return "problem";
    }
    return "problem";
}

bool is_visible(const Machine& machine, const std::string& plugin) {
    return std::any_of(machine.plugins.begin(), machine.plugins.end(), [&](const PluginState& state) {
        return state.name == plugin && !state.devices.empty();
    });
}

namespace {

const PluginMends& linux_mends() {
    static const PluginMends mends{
        "install Ovenbird again: libopenvino_intel_cpu_plugin.so belongs beside libopenvino",
        "sudo apt install ocl-icd-libopencl1 intel-opencl-icd",
        "restart the machine after a driver's installation; sudo dmesg | grep -i vpu"};
    return mends;
}

// What to say of a plugin that shows no device; nothing where the machine has no such hardware.
void examine_absent(const PluginState& plugin, const Hardware& hardware, const PluginMends& mends,
                    Symptoms& symptoms) {
    const std::string why = plugin.fault.empty() ? "the plugin sees no device" : plugin.fault;
    if (plugin.name == "CPU") {
        symptoms.push_back({"OpenVINO", Health::problem, "CPU: " + why, mends.cpu});
    } else if (plugin.name == "GPU" && !hardware.gpus.empty()) {
        symptoms.push_back({"OpenVINO", Health::warning, "GPU: " + why, mends.gpu});
    } else if (plugin.name == "NPU" && !hardware.npus.empty()) {
        const bool is_explained = std::any_of(symptoms.begin(), symptoms.end(), [](const Symptom& symptom) {
            return symptom.topic != "GPU" && symptom.health == Health::problem;
        });
        symptoms.push_back({"OpenVINO", Health::problem, "NPU: " + why,
                            is_explained ? "mend what is said of the NPU above, then ask again" : mends.npu});
    }
}

}  // namespace

void examine_openvino(const Machine& machine, const Hardware& hardware, Symptoms& symptoms) {
    symptoms.push_back({"OpenVINO", Health::ok, machine.openvino, {}});
    const PluginMends& mends = machine.windows ? windows_mends() : linux_mends();
    for (const auto& plugin : machine.plugins) {
        for (const auto& device : plugin.devices)
            symptoms.push_back({"OpenVINO", Health::ok, device, {}});
        if (plugin.devices.empty()) examine_absent(plugin, hardware, mends, symptoms);
    }
}

Examination examine(const Machine& machine) {
    Examination result;
    result.hardware = machine.windows ? machine.windows->hardware : look_at_hardware(machine.system);
    result.openvino = machine.openvino;
    result.plugins = machine.plugins;
    auto& symptoms = result.symptoms;
    const auto& processor = result.hardware.processor;
    symptoms.push_back(
        {"processor", Health::ok, processor.empty() ? "its name cannot be known" : processor, {}});
    if (machine.windows) {
        if (!machine.windows->release.empty())
            symptoms.push_back({"system", Health::ok, machine.windows->release, {}});
        symptoms.push_back(examine_power(*machine.windows));
        examine_windows_devices(machine, *machine.windows, symptoms);
    } else {
        examine_npus(machine, result.hardware, symptoms);
        examine_gpus(machine, result.hardware, symptoms);
    }
    examine_openvino(machine, result.hardware, symptoms);
    examine_resources(machine, symptoms);
    result.can_run = std::any_of(machine.plugins.begin(), machine.plugins.end(),
                                 [](const PluginState& plugin) { return !plugin.devices.empty(); });
    return result;
}

Json to_json(const Examination& examination) {
    const auto device = [](const PciDevice& pci) {
        Json told{{"address", pci.address}, {"id", pci.id}, {"driver", pci.driver}, {"node", pci.node}};
        if (!pci.driver_version.empty()) told["driver_version"] = pci.driver_version;
        if (pci.problem != 0) told["problem"] = pci.problem;
        return told;
    };
    Json json{{"can_run", examination.can_run}, {"processor", examination.hardware.processor}};
    json["npus"] = Json::array();
    for (const auto& npu : examination.hardware.npus) {
        json["npus"].push_back(device(npu));
        json["npus"].back()["generation"] = npu.generation;
        json["npus"].back()["family"] = npu.family;
    }
    json["gpus"] = Json::array();
    for (const auto& gpu : examination.hardware.gpus)
        json["gpus"].push_back(device(gpu));
    json["openvino"] = examination.openvino;
    json["plugins"] = Json::array();
    for (const auto& plugin : examination.plugins) {
        json["plugins"].push_back({{"name", plugin.name},
                                   {"version", plugin.version},
                                   {"fault", plugin.fault},
                                   {"devices", plugin.devices}});
    }
    json["findings"] = Json::array();
    for (const auto& symptom : examination.symptoms) {
        json["findings"].push_back({{"topic", symptom.topic},
                                    {"health", health_name(symptom.health)},
                                    {"text", symptom.text},
                                    {"mend", symptom.mend}});
    }
    return json;
}

}  // namespace ovenbird
