#pragma once
// The parts of examine(): each adds what it finds.

#include "doctor/examine.hpp"

namespace ovenbird {

using Symptoms = std::vector<Symptom>;

/// The user-space driver and level-zero's loader.
void examine_libraries(const Machine& machine, int newest_generation, Symptoms& symptoms);
/// From the silicon to the libraries: the NPU, its kernel driver, its device file, examine_libraries().
void examine_npus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
void examine_gpus(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
void examine_openvino(const Machine& machine, const Hardware& hardware, Symptoms& symptoms);
/// Memory, disks, the compiled-model cache, the hub.
void examine_resources(const Machine& machine, Symptoms& symptoms);

/// Whether OpenVINO sees a device of this plugin.
bool is_visible(const Machine& machine, const std::string& plugin);

}  // namespace ovenbird
