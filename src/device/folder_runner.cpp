#include <cstring>
#include <set>

#include "base/error.hpp"
#include "device/graph_runner.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

class FolderRunner : public GraphRunner {
public:
    FolderRunner(fs::path folder, fs::path shared_bin, const std::string& device, DeviceOptions options,
                 GraphBlobs blobs)
        : folder_(std::move(folder)),
          shared_bin_(std::move(shared_bin)),
          device_(device),
          options_(std::move(options)),
          blobs_(std::move(blobs)),
          memory_(host_memory_of(device)) {
        on_host_.properties = {{"INFERENCE_PRECISION_HINT", "f32"}};  // tables and rows as they are
    }

    const std::string& device() const override { return device_; }

    const NamedPorts& ports(const std::string& file) override { return graph(file).ports; }

    std::function<void()> prepare(const std::string& file, Place place, const CallTensors& tensors) override {
        Graph& found = graph(file);
        for (const auto& name : found.inputs) {
            if (!tensors.contains(name))
                fail(ErrorCode::invalid_input,
                     "{}: nothing is known for its input '{}'; bake the model again", file, name);
        }
        if (found.loaded == nullptr) compile(file, place, found);
        // A request of its own for each call: nothing but the start is left to do in a step.
        const std::shared_ptr<CompiledGraph> session = found.loaded->request();
        for (const auto& [name, tensor] : tensors) {
            const bool is_input = found.inputs.contains(name);
            is_input ? session->set_input(name, tensor) : session->set_output(name, tensor);
        }
        return [session] { session->infer(); };
    }

    Tensor allocate(ElementType type, const Shape& shape) override {
        auto tensor = memory_ ? memory_(type, shape) : Tensor(type, shape);
        std::memset(tensor.data(), 0, tensor.bytes());
        return tensor;
    }

    Tensor weights(ElementType type, const Shape& shape, std::span<const std::byte> bytes) override {
        // A tensor takes no const memory; inputs are never written to.
        if (!memory_) return {type, shape, const_cast<std::byte*>(bytes.data())};
        auto tensor = memory_(type, shape);
        std::memcpy(tensor.data(), bytes.data(), bytes.size());
        return tensor;
    }

private:
    struct Graph {
        std::unique_ptr<GraphFile> file;  // until it is compiled
        NamedPorts ports;
        std::set<std::string> inputs;
        std::shared_ptr<LoadedGraph> loaded;
    };

    Graph& graph(const std::string& file) {
        Graph& found = graphs_[file];
        if (!found.ports.empty()) return found;
        const fs::path xml = folder_ / file;
        const fs::path own_bin = fs::path(xml).replace_extension(".bin");
        found.file = std::make_unique<GraphFile>(xml, fs::exists(own_bin) ? own_bin : shared_bin_);
        for (const auto& input : found.file->ports().inputs) {
            found.inputs.insert(input.name);
            found.ports[input.name] = input;
        }
        for (const auto& output : found.file->ports().outputs)
            found.ports[output.name] = output;
        return found;
    }

    void compile(const std::string& file, Place place, Graph& found) {
        DeviceOptions options = place == Place::host ? on_host_ : options_;
        const auto blobs = blobs_.find(file);
        if (place == Place::device && blobs != blobs_.end()) options.blobs = blobs->second;
        found.loaded = found.file->load(place == Place::host ? "CPU" : device_, options);
        found.file.reset();
    }

    fs::path folder_;
    fs::path shared_bin_;
    std::string device_;
    DeviceOptions options_;
    DeviceOptions on_host_;
    GraphBlobs blobs_;
    HostMemory memory_;
    std::map<std::string, Graph> graphs_;
};

}  // namespace

std::unique_ptr<GraphRunner> folder_runner(const fs::path& folder, const fs::path& shared_bin,
                                           const std::string& device, const DeviceOptions& options,
                                           const GraphBlobs& blobs) {
    return std::make_unique<FolderRunner>(folder, shared_bin, device, options, blobs);
}

}  // namespace ovenbird
