#pragma once
// Which processor, NPUs and GPUs a machine has, from what the kernel lists of its PCI devices.

#include <string>
#include <vector>

#include "doctor/system_tree.hpp"

namespace ovenbird {

struct PciDevice {
    std::string address;  // "0000:00:0b.0"
    std::string id;       // "0x643e"
    std::string driver;   // the kernel's, bound to it: "intel_vpu"; empty: none
    std::string node;     // "/dev/accel/accel0", "/dev/dri/renderD128"; empty: the kernel made none
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

Hardware look_at_hardware(const SystemTree& system);

}  // namespace ovenbird
