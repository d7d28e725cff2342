#pragma once
// Graphs as OpenVINO's C++ classes have them: what a bake builds, reads back and proves. Only where those
// classes can be linked; what runs baked folders needs device/device.hpp alone.

#include <filesystem>
#include <memory>
#include <openvino/core/model.hpp>
#include <openvino/runtime/tensor.hpp>
#include <string>

#include "device/device.hpp"

namespace ovenbird {

/// Compiles for one device and throws what it says. Its states are shown (CompiledGraph::shows_states()).
std::unique_ptr<CompiledGraph> compile_on(const std::string& device, const std::shared_ptr<ov::Model>& model,
                                          const DeviceOptions& options);

/// A graph over the weights file of another (several graphs share openvino_model.bin); the weights are
/// mapped. Errors: not_found, invalid_input.
std::shared_ptr<ov::Model> read_graph(const std::filesystem::path& model_xml,
                                      const std::filesystem::path& weights_bin);

}  // namespace ovenbird
