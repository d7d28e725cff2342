#pragma once
// The only owner of ov::Core at run time: which devices there are, compiling for the first that takes the
// model, and running it with the tensors it was compiled for.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "device/blob.hpp"

namespace ovenbird {

struct DeviceOptions {
    /// Tried in order; the first that compiles is used. "CPU", "GPU", "GPU.1", "NPU", …
    std::vector<std::string> devices{"NPU", "GPU", "CPU"};
    /// Handed to the device as they are (KEY=VALUE of --ov-config).
    std::map<std::string, std::string> properties;
    /// Compiled-model cache; empty: off.
    std::filesystem::path cache_folder;
    /// Compiled ahead of time; the one for this machine's NPU is loaded instead of compiling, if it fits.
    std::vector<BlobFile> blobs;
    /// Told what a person should hear: a blob refused and why, a device passed over; may be empty.
    std::function<void(const std::string&)> on_note;
};

/// A device that was tried and not used, with its reason in one line. An expected outcome, so a value.
struct PassedOver {
    std::string device;
    std::string reason;
};

/// A model compiled for one device. Infers with one request at a time; not thread-safe.
class CompiledGraph {
public:
    CompiledGraph(ov::CompiledModel model, std::string device);
    const std::string& device() const { return device_; }
    const ov::CompiledModel& model() const { return model_; }
    /// Sets an input. Errors: internal when name, type or shape are not exactly what was compiled (the device
    /// never sees a shape or type that it was not compiled for).
    void set_input(const std::string& name, const ov::Tensor& tensor);
    ov::Tensor output(const std::string& name);
    /// Where an output is written from now on. Errors: internal, as for inputs.
    void set_output(const std::string& name, const ov::Tensor& tensor);
    /// Gives each state of a stateful model what `change` makes of it. Errors: device; some are then changed.
    void set_states(const std::function<ov::Tensor(const std::string& name, const ov::Tensor&)>& change);
    /// Shows each state of a stateful model, in the order of set_states(). Errors: device.
    void read_states(const std::function<void(const std::string& name, const ov::Tensor&)>& look);
    /// Clears the state variables of a stateful model (no effect on others).
    void reset_state();
    /// False when `stop` said so while it ran: outputs and states are then not what they should be. Without
    /// `stop` it runs to its end. Errors: device, with the device's own message.
    bool infer(const std::function<bool()>& stop = {});

private:
    template <typename Work>
    auto at_the_edge(const char* what, const Work& work);
    ov::CompiledModel model_;
    ov::InferRequest request_;
    std::string device_;
};

/// "GPU" of "GPU.1".
std::string device_family(const std::string& device);

/// What became of a list of devices.
struct OpenedDevice {
    std::vector<PassedOver> passed_over;
    double seconds = 0;  // until one was open
};

/// Calls `open` for each device in order until it does not throw. Errors: device when none took it (lists
/// each with its reason), usage for no devices, and what `open` throws of another kind.
OpenedDevice open_on_first(const std::vector<std::string>& devices,
                           const std::function<void(const std::string&)>& open);

/// Compiles for one device and throws what it says; on an NPU options.blobs are tried first.
std::unique_ptr<CompiledGraph> compile_on(const std::string& device, const std::shared_ptr<ov::Model>& model,
                                          const DeviceOptions& options);

/// The same for a file, which the compiled-model cache then knows by its name. Errors: also not_found and
/// invalid_input (not an IR).
std::unique_ptr<CompiledGraph> compile_file_on(const std::string& device,
                                               const std::filesystem::path& model_xml,
                                               const DeviceOptions& options);

/// The same without a request.
ov::CompiledModel compile_or_load(const std::string& device, const std::shared_ptr<ov::Model>& model,
                                  const DeviceOptions& options);

/// The generation of an NPU; 0 where it does not say.
int npu_platform(const std::string& device);

/// Allocates memory of the host that a device reads and writes without a copy.
using HostMemory = std::function<ov::Tensor(const ov::element::Type&, const ov::Shape&)>;

/// That of a device which has some of its own (NPU, GPU); null where ordinary memory serves.
HostMemory host_memory_of(const std::string& device);

/// A graph over the weights file of another (several graphs share openvino_model.bin); the weights are
/// mapped. Errors: not_found, invalid_input.
std::shared_ptr<ov::Model> read_graph(const std::filesystem::path& model_xml,
                                      const std::filesystem::path& weights_bin);

/// Devices the runtime sees now, with their full names.
std::vector<std::pair<std::string, std::string>> available_devices();

/// One of the runtime's plugins, as far as it can be loaded.
struct RuntimePlugin {
    std::string name;
    std::string version;
    std::string fault;                 // why it cannot be loaded; empty: it can
    std::vector<std::string> devices;  // "GPU.1: Intel(R) Arc(TM) …"
};

/// NPU, GPU and CPU, in this order. Never fails.
std::vector<RuntimePlugin> runtime_plugins();

}  // namespace ovenbird
