// NPUs and GPUs on Linux: the kernel's driver and the device file.

#include <algorithm>

#include "base/error.hpp"
#include "doctor/parts.hpp"

namespace ovenbird {
namespace {

// Whether the user gets in; `topic` and `node` for the words.
Symptom examine_node(const Machine& machine, const std::string& topic, const std::string& node) {
    if (!machine.system.has(node)) {
        return {topic, Health::problem, node + " is not there, though the kernel driver made it",
                "in a container: start it with --device " + node + "; else: sudo udevadm trigger"};
    }
    if (machine.may_open(machine.system.at(node)))
        return {topic, Health::ok, node + " can be opened by " + machine.user.name, {}};
    const auto number = group_of_file(machine.system.at(node));
    const auto group = number ? find_group(machine.system, *number) : std::nullopt;
    if (!group) {
        return {topic, Health::problem,
                fmt::format("{} cannot be opened by {}, and its group {} has no name here", node,
                            machine.user.name, number.value_or(0)),
                fmt::format("in a container: start it with --group-add {}", number.value_or(0))};
    }
    const auto& groups = machine.user.groups;
    const bool in_process = std::find(groups.begin(), groups.end(), *number) != groups.end();
    const bool is_listed =
        std::find(group->members.begin(), group->members.end(), machine.user.name) != group->members.end();
    if (in_process || group->name == "root") {
        return {topic, Health::problem,
                fmt::format("{} (group {}) does not let its group read and write", node, group->name),
                fmt::format("sudo chgrp render {0} && sudo chmod 660 {0}; a udev rule keeps it so", node)};
    }
    if (is_listed) {
        return {
            topic, Health::problem,
            fmt::format("{} is in the group {} since the last login only", machine.user.name, group->name),
            fmt::format("log in again, or for one shell: newgrp {}", group->name)};
    }
    return {
        topic, Health::problem,
        fmt::format("{} belongs to the group {}, and {} is not in it", node, group->name, machine.user.name),
        fmt::format("sudo usermod -aG {} {}, then log in again", group->name, machine.user.name)};
}

void examine_kernel(const Machine& machine, const Npu& npu, Symptoms& symptoms) {
    const std::string kernel = machine.system.line("/proc/sys/kernel/osrelease");
    const std::string running = kernel.empty() ? "" : " (this is Linux " + kernel + ")";
    if (!npu.driver.empty() && npu.driver != "intel_vpu") {
        symptoms.push_back({"NPU kernel driver", Health::problem,
                            fmt::format("{} is bound to {}, not to intel_vpu", npu.address, npu.driver),
                            fmt::format("give it back: sudo driverctl unset-override {}", npu.address)});
    } else if (npu.driver.empty() && !machine.system.has("/sys/module/intel_vpu")) {
        symptoms.push_back(
            {"NPU kernel driver", Health::problem, "intel_vpu is not loaded" + running,
             "sudo modprobe intel_vpu; where there is no such module: a newer kernel, from 6.3 "
             "on for Meteor Lake, newer for newer NPUs"});
    } else if (npu.driver.empty()) {
        symptoms.push_back({"NPU kernel driver", Health::problem,
                            "intel_vpu is loaded but did not take " + npu.address + running,
                            "sudo dmesg | grep -i vpu tells why: mostly firmware that is missing "
                            "(linux-firmware, intel-fw-npu) or a kernel older than the NPU"});
    } else {
        symptoms.push_back({"NPU kernel driver", Health::ok, "intel_vpu" + running, {}});
        if (npu.node.empty()) {
            symptoms.push_back(
                {"NPU device", Health::problem,
                 "intel_vpu has " + npu.address + " but made no device for it in /sys/class/accel",
                 "sudo dmesg | grep -i vpu tells why; mostly firmware that is missing "
                 "(linux-firmware, intel-fw-npu)"});
        } else {
            symptoms.push_back(examine_node(machine, "NPU device", npu.node));
        }
    }
}

}  // namespace

Symptom no_npu() {
    return {"NPU", Health::warning, "this machine shows no Intel NPU",
            "where the processor has one (Core Ultra): switch it on in the firmware's setup; "
            "a virtual machine or WSL does not show it"};
}

Symptom no_gpu() {
    return {"GPU", Health::ok, "this machine shows no Intel GPU", {}};
}

Symptom describe_npu(const Npu& npu) {
    if (npu.generation == 0) {
        return {
            "NPU", Health::warning,
            fmt::format("{} at {}: an NPU that this version of Ovenbird does not know", npu.id, npu.address),
            "a newer Ovenbird; until then its generation is OpenVINO's to tell"};
    }
    return {"NPU",
            Health::ok,
            fmt::format("{} ({}), {} at {}", npu.family, npu.generation, npu.id, npu.address),
            {}};
}

void examine_npus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms) {
    if (hardware.npus.empty()) {
        symptoms.push_back(no_npu());
        return;
    }
    int newest = 0;
    for (const auto& npu : hardware.npus) {
        newest = std::max(newest, npu.generation);
        symptoms.push_back(describe_npu(npu));
        examine_kernel(machine, npu, symptoms);
    }
    examine_libraries(machine, newest, symptoms);
}

void examine_gpus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms) {
    for (const auto& gpu : hardware.gpus) {
        const std::string name = fmt::format("Intel {} at {}", gpu.id, gpu.address);
        if (gpu.driver.empty()) {
            symptoms.push_back(
                {"GPU", Health::warning, name + " has no kernel driver",
                 "sudo modprobe xe, or sudo modprobe i915; where neither takes it: a newer kernel"});
        } else if (gpu.node.empty()) {
            symptoms.push_back({"GPU", Health::warning,
                                fmt::format("{} ({}) has no render node", name, gpu.driver),
                                "sudo dmesg | grep -iE 'i915|xe' tells why"});
        } else {
            Symptom access = examine_node(machine, "GPU", gpu.node);
            if (access.health != Health::ok) access.health = Health::warning;  // one of several devices
            access.text = fmt::format("{} ({}): {}", name, gpu.driver, access.text);
            symptoms.push_back(access);
        }
    }
    if (hardware.gpus.empty()) symptoms.push_back(no_gpu());
}

}  // namespace ovenbird
