// NPUs and GPUs: the kernel's driver, the device file, and the libraries that OpenVINO calls.

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "base/error.hpp"
#include "doctor/parts.hpp"

namespace ovenbird {
namespace {

constexpr std::array<std::string_view, 8> kLibraryFolders{"/usr/local/lib",
                                                          "/usr/local/lib64",
                                                          "/usr/local/lib/x86_64-linux-gnu",
                                                          "/usr/lib/x86_64-linux-gnu",
                                                          "/usr/lib64",
                                                          "/usr/lib/intel-npu",
                                                          "/usr/lib",
                                                          "/lib/x86_64-linux-gnu"};
constexpr const char* kDriverPage = "https://github.com/intel/linux-npu-driver/releases";
// What OpenVINO 2026.4 was verified with, for Meteor to Wildcat Lake.
constexpr int kVerifiedMajor = 1;
constexpr int kVerifiedMinor = 38;
constexpr int kLastVerifiedGeneration = 5020;

// A library of some folder where the loader looks.
struct Library {
    std::string place;    // empty: not found
    std::string version;  // of the file that it is a link to, "1.38.0"; empty: its name tells none
};

Library find_library(const SystemTree& system, const std::string& soname) {
    for (const auto folder : kLibraryFolders) {
        const std::string place = std::string(folder) + "/" + soname;
        if (!system.has(place)) continue;
        const std::string file = system.link_name(place);
        const std::string stem = soname.substr(0, soname.rfind('.') + 1);  // "libze_loader.so."
        const bool tells = file.size() > soname.size() && file.rfind(stem, 0) == 0;
        return {place, tells ? file.substr(stem.size()) : std::string()};
    }
    return {};
}

// The version of a package that dpkg has installed; empty where it has not, or there is no dpkg.
std::string package_version(const SystemTree& system, const std::string& package) {
    std::istringstream stream(system.start("/var/lib/dpkg/status", size_t{64} << 20));
    bool here = false;
    bool installed = false;
    for (std::string line; std::getline(stream, line);) {
        if (line.rfind("Package: ", 0) == 0) {
            here = line.substr(9) == package;
            installed = false;
        } else if (here && line.rfind("Status: ", 0) == 0) {
            installed = line.ends_with(" ok installed");
        } else if (here && installed && line.rfind("Version: ", 0) == 0) {
            return line.substr(9, 64);
        }
    }
    return {};
}

struct Release {
    int major = 0;
    int minor = 0;
};

// "1.38.0.20260914-1234" is 1.38.
std::optional<Release> parse_release(const std::string& text) {
    Release release;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, release.major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
    if (std::from_chars(first.ptr + 1, end, release.minor).ec != std::errc()) return std::nullopt;
    return release;
}

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

Symptom judge_driver(const std::string& version, int newest_generation) {
    const std::string verified =
        fmt::format("OpenVINO 2026.4 is verified with {}.{}", kVerifiedMajor, kVerifiedMinor);
    const auto release = parse_release(version);
    if (!release) {
        return {"NPU driver", Health::warning,
                "libze_intel_npu is there, but neither its name nor dpkg tells its version; " + verified,
                fmt::format("if models are refused, install the newest of {}", kDriverPage)};
    }
    const bool is_older = release->major < kVerifiedMajor ||
                          (release->major == kVerifiedMajor && release->minor < kVerifiedMinor);
    if (is_older) {
        return {"NPU driver", Health::warning, version + " is older than what it should be: " + verified,
                fmt::format("install {}.{} or newer: {}", kVerifiedMajor, kVerifiedMinor, kDriverPage)};
    }
    if (newest_generation > kLastVerifiedGeneration) {
        return {"NPU driver", Health::warning,
                fmt::format("{}; {}, but not for this NPU's generation", version, verified),
                fmt::format("if models are refused, install the newest of {}", kDriverPage)};
    }
    return {"NPU driver", Health::ok, fmt::format("{} ({})", version, verified), {}};
}

void examine_libraries(const Machine& machine, int newest_generation, Symptoms& symptoms) {
    const auto& system = machine.system;
    Library driver = find_library(system, "libze_intel_npu.so.1");
    if (driver.version.empty()) driver.version = package_version(system, "intel-level-zero-npu");
    if (!driver.place.empty()) {
        symptoms.push_back(judge_driver(driver.version, newest_generation));
    } else if (is_visible(machine, "NPU")) {
        symptoms.push_back({"NPU driver", Health::warning,
                            "OpenVINO found it outside the usual folders; its version cannot be known",
                            fmt::format("if models are refused, install the newest of {}", kDriverPage)});
    } else if (const Library old = find_library(system, "libze_intel_vpu.so.1"); !old.place.empty()) {
        symptoms.push_back({"NPU driver", Health::problem,
                            old.place + " is a driver before 1.16, which today's level-zero does not load",
                            fmt::format("remove it, then install {}.{} or newer: {}", kVerifiedMajor,
                                        kVerifiedMinor, kDriverPage)});
    } else {
        symptoms.push_back({"NPU driver", Health::problem, "libze_intel_npu.so.1 is not installed",
                            fmt::format("install intel-level-zero-npu, intel-fw-npu and "
                                        "intel-driver-compiler-npu {}.{} or newer: {}",
                                        kVerifiedMajor, kVerifiedMinor, kDriverPage)});
    }
    const Library loader = find_library(system, "libze_loader.so.1");
    if (!loader.place.empty()) {
        symptoms.push_back({"level-zero",
                            Health::ok,
                            loader.version.empty() ? loader.place + ", version not known" : loader.version,
                            {}});
    } else if (!is_visible(machine, "NPU")) {
        symptoms.push_back(
            {"level-zero", Health::problem,
             "libze_loader.so.1 is not installed; OpenVINO reaches the NPU through it",
             "sudo apt install libze1 (Debian 13, Ubuntu 24.04 and newer), or level-zero from the "
             "driver's page"});
    }
}

}  // namespace

void examine_npus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms) {
    if (hardware.npus.empty()) {
        symptoms.push_back({"NPU", Health::warning, "this machine shows no Intel NPU",
                            "where the processor has one (Core Ultra): switch it on in the firmware's setup; "
                            "a virtual machine or WSL does not show it"});
        return;
    }
    int newest = 0;
    for (const auto& npu : hardware.npus) {
        newest = std::max(newest, npu.generation);
        if (npu.generation == 0) {
            symptoms.push_back({"NPU", Health::warning,
                                fmt::format("{} at {}: an NPU that this version of Ovenbird does not know",
                                            npu.id, npu.address),
                                "a newer Ovenbird; until then its generation is OpenVINO's to tell"});
        } else {
            symptoms.push_back(
                {"NPU",
                 Health::ok,
                 fmt::format("{} ({}), {} at {}", npu.family, npu.generation, npu.id, npu.address),
                 {}});
        }
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
    if (hardware.gpus.empty()) symptoms.push_back({"GPU", Health::ok, "this machine shows no Intel GPU", {}});
}

}  // namespace ovenbird
