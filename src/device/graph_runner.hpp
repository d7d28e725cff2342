#pragma once
// Graphs that are run again and again with the same tensors: the folded form calls one for every layer.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/device.hpp"

namespace ovenbird {

/// Inputs and outputs of a graph, by name.
using NamedPorts = std::map<std::string, GraphPort>;

/// Input and output tensors of a call, by name.
using CallTensors = std::map<std::string, Tensor>;

/// Where a graph runs: on the device, or on the host for what is too small or too large for one.
enum class Place { device, host };

/// Compiles graph files and prepares calls of them. Tests script one.
class GraphRunner {
public:
    virtual ~GraphRunner() = default;
    virtual const std::string& device() const = 0;
    /// Inputs and outputs of a graph file. Errors: not_found, invalid_input.
    virtual const NamedPorts& ports(const std::string& file) = 0;
    /// A call with its tensors in place: it only starts the inference and waits. `file` is compiled once.
    /// Errors: device; internal when a tensor is not what the graph was compiled for.
    virtual std::function<void()> prepare(const std::string& file, Place place,
                                          const CallTensors& tensors) = 0;
    /// Zeroed memory that the device reads and writes without a copy.
    virtual Tensor allocate(ElementType type, const Shape& shape) = 0;
    /// Weights for the device: the mapped bytes themselves where it can read them. Errors: device.
    virtual Tensor weights(ElementType type, const Shape& shape, std::span<const std::byte> bytes) = 0;
};

/// Compiled ahead of time, by graph file.
using GraphBlobs = std::map<std::string, std::vector<BlobFile>>;

/// Runs the graphs of a baked folder with OpenVINO. `shared_bin`: the weights file of graphs that have none
/// of their own. Blobs that fit this machine are loaded instead of compiling.
std::unique_ptr<GraphRunner> folder_runner(const std::filesystem::path& folder,
                                           const std::filesystem::path& shared_bin, const std::string& device,
                                           const DeviceOptions& options, const GraphBlobs& blobs);

}  // namespace ovenbird
