#pragma once
// The parts of examine(): each adds what it finds.

#include "doctor/examine.hpp"

namespace ovenbird {

using Symptoms = std::vector<Symptom>;

/// What is said of the machine's hardware alone, whatever the system.
Symptom describe_npu(const Npu& npu);
Symptom no_npu();
Symptom no_gpu();

/// The user-space driver and level-zero's loader, on Linux.
void examine_libraries(const Machine& machine, int newest_generation, Symptoms& symptoms);
/// From the silicon to the libraries, on Linux: the NPU, its kernel driver, its device file,
/// examine_libraries().
void examine_npus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
void examine_gpus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
/// The same on Windows.
void examine_windows_devices(const Machine& machine, const WindowsFacts& facts, Symptoms& symptoms);
Symptom examine_power(const WindowsFacts& facts);

/// What brings a plugin's devices back.
struct PluginMends {
    std::string cpu;
    std::string gpu;
    std::string npu;
};
const PluginMends& windows_mends();

void examine_openvino(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
/// Memory, disks, the compiled-model cache, the hub.
void examine_resources(const Machine& machine, Symptoms& symptoms);

/// Whether OpenVINO sees a device of this plugin.
bool is_visible(const Machine& machine, const std::string& plugin);

}  // namespace ovenbird
