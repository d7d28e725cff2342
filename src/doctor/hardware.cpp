#include "doctor/hardware.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace ovenbird {
namespace {

struct KnownNpu {
    std::string_view id;
    int generation;
    std::string_view family;
};

constexpr std::array kKnownNpus{
    KnownNpu{"0x7d1d", 3720, "Meteor Lake"},  KnownNpu{"0xad1d", 3720, "Arrow Lake"},
    KnownNpu{"0x643e", 4000, "Lunar Lake"},   KnownNpu{"0xb03e", 5010, "Panther Lake"},
    KnownNpu{"0xfd3e", 5020, "Wildcat Lake"}, KnownNpu{"0xd71d", 6010, "Nova Lake"},
};

// The node of a class ("accel", "drm") whose device has this address.
std::string node_of(const SystemTree& system, const std::string& address, const std::string& kind,
                    const std::string& prefix, const std::string& folder) {
    const std::string nodes = "/sys/class/" + kind;
    for (const auto& name : system.names(nodes)) {
        const std::string device = fmt::format("{}/{}/device", nodes, name);
        if (name.rfind(prefix, 0) == 0 && system.link_name(device) == address) return folder + name;
    }
    return {};
}

}  // namespace

std::optional<Npu> known_npu(const PciDevice& device) {
    const auto known = std::find_if(kKnownNpus.begin(), kKnownNpus.end(),
                                    [&](const KnownNpu& npu) { return npu.id == device.id; });
    if (known == kKnownNpus.end()) return std::nullopt;
    return Npu{device, known->generation, std::string(known->family)};
}

Hardware look_at_hardware(const SystemTree& system) {
    Hardware hardware;
    hardware.processor = system.value("/proc/cpuinfo", "model name");
    for (const auto& address : system.names("/sys/bus/pci/devices")) {
        const std::string folder = "/sys/bus/pci/devices/" + address;
        if (system.line(folder + "/vendor") != "0x8086") continue;
        const std::string kind = system.line(folder + "/class");
        PciDevice device;
        device.address = address;
        device.id = system.line(folder + "/device");
        device.driver = system.link_name(folder + "/driver");
        const auto known = known_npu(device);
        if (known || device.driver == "intel_vpu") {
            hardware.npus.push_back(known.value_or(Npu{device, 0, "not known to Ovenbird"}));
            hardware.npus.back().node = node_of(system, address, "accel", "accel", "/dev/accel/");
        } else if (kind.rfind("0x03", 0) == 0) {
            device.node = node_of(system, address, "drm", "renderD", "/dev/dri/");
            hardware.gpus.push_back(device);
        }
    }
    return hardware;
}

}  // namespace ovenbird
