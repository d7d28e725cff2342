#pragma once
// The only owner of OpenVINO at run time: which devices there are, compiling a graph for the first that takes
// it, and running it with the tensors it was compiled for. By OpenVINO's C interface, which is the same on
// every system; graphs that are no files are in device/models.hpp.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "device/blob.hpp"
#include "device/tensor.hpp"

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
    /// Told before a graph is compiled or loaded, which may take a minute, and after it (`done`), however it
    /// ended; may be empty. A graph may be compiled in the middle of an answer.
    std::function<void(bool done)> on_compiling;
};

/// A device that was tried and not used, with its reason in one line. An expected outcome, so a value.
struct PassedOver {
    std::string device;
    std::string reason;
};

/// An input or output: what a tensor for it must be.
struct GraphPort {
    std::string name;
    ElementType type = ElementType::other;
    PartialShape shape;
};

struct GraphPorts {
    std::vector<GraphPort> inputs;
    std::vector<GraphPort> outputs;

    /// Null where there is none of that name.
    const GraphPort* input(const std::string& name) const;
    const GraphPort* output(const std::string& name) const;
};

/// A compiled graph and one request of it. Not thread-safe.
class CompiledGraph {
public:
    virtual ~CompiledGraph() = default;
    CompiledGraph(const CompiledGraph&) = delete;
    CompiledGraph& operator=(const CompiledGraph&) = delete;

    const std::string& device() const { return device_; }
    const std::vector<GraphPort>& inputs() const { return ports_.inputs; }
    const std::vector<GraphPort>& outputs() const { return ports_.outputs; }
    bool has_input(const std::string& name) const { return ports_.input(name) != nullptr; }
    /// Errors: internal, where there is none.
    const GraphPort& output_port(const std::string& name) const;

    /// Sets an input, whose memory is read by every run from now on. Errors: internal when name, type or
    /// shape are not exactly what was compiled (the device never sees a shape or type that it was not
    /// compiled for).
    void set_input(const std::string& name, const Tensor& tensor);
    /// What the last run gave; valid until the next one. Errors: internal, device.
    Tensor output(const std::string& name);
    /// Where an output is written from now on. Errors: internal, as for inputs.
    void set_output(const std::string& name, const Tensor& tensor);

    /// False when `stop` said so while it ran: outputs and states are then not what they should be. Without
    /// `stop` it runs to its end. Errors: device, with the device's own message.
    virtual bool infer(const std::function<bool()>& stop = {}) = 0;

    /// Clears the states of a stateful graph (no effect on others). Errors: device.
    virtual void reset_state() = 0;
    /// Whether states can be read and set: OpenVINO's C interface has no word for them.
    virtual bool shows_states() const { return false; }
    /// Gives each state of a stateful graph what `change` makes of it. Errors: device; some are then changed.
    virtual void set_states(const std::function<Tensor(const std::string& name, const Tensor&)>& change);
    /// Shows each state of a stateful graph, in the order of set_states(). Errors: device.
    virtual void read_states(const std::function<void(const std::string& name, const Tensor&)>& look);

protected:
    CompiledGraph(std::string device, GraphPorts ports)
        : device_(std::move(device)), ports_(std::move(ports)) {}
    virtual void bind_input(size_t index, const Tensor& tensor) = 0;
    virtual void bind_output(size_t index, const Tensor& tensor) = 0;
    virtual Tensor read_output(size_t index) = 0;

private:
    std::string device_;
    GraphPorts ports_;
};

/// A graph compiled for one device; requests of it run one after the other or side by side.
class LoadedGraph {
public:
    virtual ~LoadedGraph() = default;
    /// Errors: device.
    virtual std::unique_ptr<CompiledGraph> request() = 0;
};

/// A graph as its file says, not compiled yet.
class GraphFile {
public:
    /// `weights_bin`: where its weights lie (several graphs share openvino_model.bin); empty: beside it. They
    /// are mapped. Errors: not_found, invalid_input (not an IR).
    explicit GraphFile(const std::filesystem::path& model_xml, const std::filesystem::path& weights_bin = {});
    GraphFile(GraphFile&&) noexcept;
    GraphFile& operator=(GraphFile&&) noexcept;
    ~GraphFile();

    const GraphPorts& ports() const;
    /// Whether it keeps something from one run to the next.
    bool has_states() const;
    /// Compiles for one device and throws what it says; on an NPU options.blobs are tried first.
    std::shared_ptr<LoadedGraph> load(const std::string& device, const DeviceOptions& options) const;
    /// The same with a request.
    std::unique_ptr<CompiledGraph> compile(const std::string& device, const DeviceOptions& options) const;

private:
    struct State;
    std::unique_ptr<State> state_;
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

/// GraphFile::compile() by the file's name, which the compiled-model cache then knows it by. Errors: also
/// not_found and invalid_input (not an IR).
std::unique_ptr<CompiledGraph> compile_file_on(const std::string& device,
                                               const std::filesystem::path& model_xml,
                                               const DeviceOptions& options);

/// The generation of an NPU; 0 where it does not say.
int npu_platform(const std::string& device);

/// Allocates memory of the host that a device reads and writes without a copy.
using HostMemory = std::function<Tensor(ElementType, const Shape&)>;

/// That of a device which has some of its own (NPU, GPU); null where ordinary memory serves.
HostMemory host_memory_of(const std::string& device);

/// Devices the runtime sees now, with their full names.
std::vector<std::pair<std::string, std::string>> available_devices();

/// OpenVINO's version, as it names its build.
std::string openvino_version();

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
