#pragma once
// The parts of examine(): each adds what it finds.

#include "doctor/examine.hpp"

namespace ovenbird {

using Symptoms = std::vector<Symptom>;

/// From the silicon to the library: the NPU, its kernel driver, its device file and its user-space driver.
void examine_npus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
void examine_gpus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
void examine_openvino(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
/// Memory, disks, the compiled-model cache, the hub.
void examine_resources(const Machine& machine, Symptoms& symptoms);

/// Whether OpenVINO sees a device of this plugin.
bool is_visible(const Machine& machine, const std::string& plugin);

}  // namespace ovenbird
