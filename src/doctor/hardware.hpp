#pragma once
// Which processor, NPUs and GPUs a machine has, from what the system lists of its PCI devices.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "doctor/system_tree.hpp"

namespace ovenbird {

struct PciDevice {
    std::string address;         // "0000:00:0b.0"
    std::string id;              // "0x643e"
    std::string driver;          // the kernel's, bound to it: "intel_vpu"; empty: none
    std::string node;            // "/dev/accel/accel0", "/dev/dri/renderD128"; empty: the kernel made none
    std::string driver_version;  // "32.0.100.4512"; only Windows tells it of a device
    int problem = 0;             // Device Manager's code; 0: none, and always so elsewhere
};

struct Npu : PciDevice {
    int generation = 0;  // the compiler's number, 4000; 0: an id that Ovenbird does not know
    std::string family;  // "Lunar Lake"
};

struct Hardware {
    std::string processor;        // empty: not known
    std::vector<Npu> npus;        // Intel's, by address
    std::vector<PciDevice> gpus;  // Intel's, by address
};

/// In bytes; all 0: not known.
struct MachineMemory {
    uint64_t total = 0;
    uint64_t available = 0;
};

/// The device as an NPU, where its id is one that Ovenbird knows.
std::optional<Npu> known_npu(const PciDevice& device);

Hardware look_at_hardware(const SystemTree& system);

}  // namespace ovenbird
