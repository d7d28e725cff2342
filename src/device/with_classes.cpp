// Compiling and running by OpenVINO's C++ classes: for graphs that are no files, and for what the C interface
// has no words for.
#include <array>
#include <chrono>
#include <openvino/openvino.hpp>
#include <openvino/runtime/exception.hpp>

#include "base/error.hpp"
#include "device/c_api.hpp"
#include "device/interface.hpp"
#include "device/loading.hpp"
#include "device/models.hpp"
#include "device/paged_attention.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

constexpr std::chrono::milliseconds kStopAskedEvery(20);

constexpr std::array<std::pair<ElementType, ov::element::Type_t>, 15> kTypes{
    {{ElementType::boolean, ov::element::boolean},
     {ElementType::f16, ov::element::f16},
     {ElementType::bf16, ov::element::bf16},
     {ElementType::f32, ov::element::f32},
     {ElementType::f64, ov::element::f64},
     {ElementType::i4, ov::element::i4},
     {ElementType::i8, ov::element::i8},
     {ElementType::i16, ov::element::i16},
     {ElementType::i32, ov::element::i32},
     {ElementType::i64, ov::element::i64},
     {ElementType::u4, ov::element::u4},
     {ElementType::u8, ov::element::u8},
     {ElementType::u16, ov::element::u16},
     {ElementType::u32, ov::element::u32},
     {ElementType::u64, ov::element::u64}}};

// Beside the C interface's own, which cannot be reached from here.
ov::Core& classes_core() {
    static ov::Core instance;
    return instance;
}

ElementType type_of(const ov::element::Type& type) {
    for (const auto& [ours, theirs] : kTypes)
        if (type == theirs) return ours;
    return ElementType::other;
}

ov::element::Type type_for(ElementType type) {
    for (const auto& [ours, theirs] : kTypes)
        if (type == ours) return theirs;
    fail(ErrorCode::internal, "there are no tensors of {}", name_of(type));
}

// A view that keeps the memory as long as there is a copy of it.
ov::Tensor view_of(const Tensor& tensor) {
    ov::Tensor view(type_for(tensor.type()), ov::Shape(tensor.shape().begin(), tensor.shape().end()),
                    tensor.data());
    return ov::Tensor(view, std::make_shared<Tensor>(tensor));
}

// Dense, whatever it was.
Tensor as_tensor(const ov::Tensor& tensor) {
    Shape shape = tensor.get_shape();
    const auto keeper = std::make_shared<ov::Tensor>(tensor);
    if (!tensor.is_continuous()) {
        *keeper = ov::Tensor(tensor.get_element_type(), tensor.get_shape());
        tensor.copy_to(*keeper);
    }
    return {type_of(tensor.get_element_type()), std::move(shape),
            tensor.get_size() > 0 ? keeper->data() : nullptr, keeper};
}

PartialShape shape_of(const ov::PartialShape& shape) {
    if (shape.rank().is_dynamic()) return PartialShape::of_any_rank();
    std::vector<Dimension> axes;
    for (const auto& axis : shape)
        axes.emplace_back(axis.get_min_length(), axis.get_max_length());
    return PartialShape(std::move(axes));
}

std::vector<GraphPort> ports_of(const std::vector<ov::Output<const ov::Node>>& ports) {
    std::vector<GraphPort> found;
    found.reserve(ports.size());
    for (const auto& port : ports)
        found.push_back({port.get_names().empty() ? "" : port.get_any_name(),
                         type_of(port.get_element_type()), shape_of(port.get_partial_shape())});
    return found;
}

// What OpenVINO throws while `device` works becomes an error of the device.
template <typename Work>
auto at_the_edge(const std::string& device, const char* what, const Work& work) {
    try {
        return work();
    } catch (const std::exception& error) {
        fail(ErrorCode::device, "{}: {} failed: {}", device, what, one_line_reason(error.what()));
    }
}

class Request : public CompiledGraph {
public:
    Request(ov::CompiledModel model, const std::string& device)
        : CompiledGraph(device, {ports_of(model.inputs()), ports_of(model.outputs())}),
          model_(std::move(model)),
          request_(model_.create_infer_request()) {}

    bool infer(const std::function<bool()>& stop) override {
        return at_the_edge(device(), "inference", [&] {
            if (!stop) {
                request_.infer();
                return true;
            }
            request_.start_async();
            while (!request_.wait_for(kStopAskedEvery)) {
                if (!stop()) continue;
                request_.cancel();
                try {
                    request_.wait();
                } catch (const ov::Cancelled&) {
                    return false;
                }
            }
            return true;
        });
    }

    void reset_state() override {
        at_the_edge(device(), "clearing the states", [&] {
            for (auto& state : request_.query_state())
                state.reset();
        });
    }

    bool shows_states() const override { return true; }

    void set_states(const std::function<Tensor(const std::string&, const Tensor&)>& change) override {
        at_the_edge(device(), "setting the states", [&] {
            for (auto& state : request_.query_state())
                state.set_state(view_of(change(state.get_name(), as_tensor(state.get_state()))));
        });
    }

    void read_states(const std::function<void(const std::string&, const Tensor&)>& look) override {
        at_the_edge(device(), "reading the states", [&] {
            for (auto& state : request_.query_state())
                look(state.get_name(), as_tensor(state.get_state()));
        });
    }

private:
    void bind_input(size_t index, const Tensor& tensor) override {
        request_.set_input_tensor(index, view_of(tensor));
    }

    void bind_output(size_t index, const Tensor& tensor) override {
        request_.set_output_tensor(index, view_of(tensor));
    }

    Tensor read_output(size_t index) override { return as_tensor(request_.get_output_tensor(index)); }

    ov::CompiledModel model_;
    ov::InferRequest request_;
};

class Loaded : public LoadedGraph {
public:
    Loaded(ov::CompiledModel model, const std::string& device) : model_(std::move(model)), device_(device) {}
    std::unique_ptr<CompiledGraph> request() override { return std::make_unique<Request>(model_, device_); }

private:
    ov::CompiledModel model_;
    std::string device_;
};

}  // namespace

std::unique_ptr<CompiledGraph> compile_on(const std::string& device, const std::shared_ptr<ov::Model>& model,
                                          const DeviceOptions& options) {
    return load_or_compile(device, options,
                           [&](const std::map<std::string, std::string>& properties) {
                               return std::make_shared<Loaded>(
                                   classes_core().compile_model(
                                       model, device, ov::AnyMap(properties.begin(), properties.end())),
                                   device);
                           })
        ->request();
}

std::shared_ptr<ov::Model> read_graph(const std::filesystem::path& model_xml,
                                      const std::filesystem::path& weights_bin) {
    require_ir(model_xml);
    try {
        return classes_core().read_model(model_xml.string(), weights_bin.string());
    } catch (const std::exception& error) {
        fail(ErrorCode::invalid_input, "{}: OpenVINO cannot read this model: {}", model_xml.string(),
             one_line_reason(error.what()));
    }
}

std::unique_ptr<CompiledGraph> compile_with_states(const std::string& device,
                                                   const std::filesystem::path& model_xml,
                                                   const std::filesystem::path& weights_bin,
                                                   const DeviceOptions& options) {
    return compile_on(device, read_graph(model_xml, weights_bin), options);
}

std::shared_ptr<LoadedGraph> import_blob(const std::filesystem::path& blob, const std::string& device) {
    return std::make_shared<Loaded>(classes_core().import_model(ov::read_tensor_data(blob), device), device);
}

bool is_openvinos(const std::exception& error) {
    return dynamic_cast<const ov::Exception*>(&error) != nullptr ||
           dynamic_cast<const Refusal*>(&error) != nullptr;
}

bool runtime_agrees(const BlobFile& blob, const std::string& device) {
    if (blob.requirements.empty()) return true;
    try {
        return classes_core().get_property(device, ov::compatibility_check,
                                           {{ov::runtime_requirements.name(), blob.requirements}}) !=
               ov::CompatibilityCheck::UNSUPPORTED;
    } catch (const std::exception&) {
        return true;  // it does not know the question
    }
}

PagedRuns compile_paged(const std::string& device, const std::filesystem::path& model_xml,
                        const std::filesystem::path& weights_bin, int64_t pages,
                        const DeviceOptions& options) {
    const auto graphs = page_attention(read_graph(model_xml, weights_bin), pages);
    PagedRuns runs;
    runs.chunk = compile_on(device, graphs.chunk, options);
    runs.token = compile_on(device, graphs.token, options);
    return runs;
}

}  // namespace ovenbird
