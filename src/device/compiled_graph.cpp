#include "base/error.hpp"
#include "device/device.hpp"

namespace ovenbird {
namespace {

const GraphPort* find(const std::vector<GraphPort>& ports, const std::string& name) {
    for (const auto& port : ports)
        if (port.name == name) return &port;
    return nullptr;
}

// Where the port of that name is, which must have been compiled for exactly this tensor.
size_t index_for(const std::vector<GraphPort>& ports, const char* kind, const std::string& name,
                 const Tensor& tensor) {
    const GraphPort* port = find(ports, name);
    if (port == nullptr) fail(ErrorCode::internal, "the model has no {} '{}'", kind, name);
    if (port->type != tensor.type() || !port->shape.fits(tensor.shape()))
        fail(ErrorCode::internal, "{} '{}' was compiled as {} {} and is given {} {}", kind, name,
             port->shape.text(), name_of(port->type), text_of(tensor.shape()), name_of(tensor.type()));
    return static_cast<size_t>(port - ports.data());
}

}  // namespace

const GraphPort* GraphPorts::input(const std::string& name) const {
    return find(inputs, name);
}

const GraphPort* GraphPorts::output(const std::string& name) const {
    return find(outputs, name);
}

const GraphPort& CompiledGraph::output_port(const std::string& name) const {
    const GraphPort* port = ports_.output(name);
    if (port == nullptr) fail(ErrorCode::internal, "the model has no output '{}'", name);
    return *port;
}

void CompiledGraph::set_input(const std::string& name, const Tensor& tensor) {
    bind_input(index_for(ports_.inputs, "input", name, tensor), tensor);
}

void CompiledGraph::set_output(const std::string& name, const Tensor& tensor) {
    bind_output(index_for(ports_.outputs, "output", name, tensor), tensor);
}

Tensor CompiledGraph::output(const std::string& name) {
    return read_output(static_cast<size_t>(&output_port(name) - ports_.outputs.data()));
}

void CompiledGraph::set_states(const std::function<Tensor(const std::string&, const Tensor&)>&) {
    fail(ErrorCode::internal, "the states of this graph cannot be set");
}

void CompiledGraph::read_states(const std::function<void(const std::string&, const Tensor&)>&) {
    fail(ErrorCode::internal, "the states of this graph cannot be read");
}

}  // namespace ovenbird
