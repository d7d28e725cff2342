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

Hardware look_at_hardware(const SystemTree& system) {
    Hardware hardware;
    hardware.processor = system.value("/proc/cpuinfo", "model name");
    for (const auto& address : system.names("/sys/bus/pci/devices")) {
        const std::string folder = "/sys/bus/pci/devices/" + address;
        if (system.line(folder + "/vendor") != "0x8086") continue;
        const std::string kind = system.line(folder + "/class");
        PciDevice device{address, system.line(folder + "/device"), system.link_name(folder + "/driver"), {}};
        const auto known = std::find_if(kKnownNpus.begin(), kKnownNpus.end(),
                                        [&](const KnownNpu& npu) { return npu.id == device.id; });
        if (known != kKnownNpus.end() || device.driver == "intel_vpu") {
            device.node = node_of(system, address, "accel", "accel", "/dev/accel/");
            const bool is_known = known != kKnownNpus.end();
            hardware.npus.push_back({device, is_known ? known->generation : 0,
                                     std::string(is_known ? known->family : "not known to Ovenbird")});
        } else if (kind.rfind("0x03", 0) == 0) {
            device.node = node_of(system, address, "drm", "renderD", "/dev/dri/");
            hardware.gpus.push_back(device);
        }
    }
    return hardware;
}

}  // namespace ovenbird
