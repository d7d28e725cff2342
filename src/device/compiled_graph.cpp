#include <chrono>
#include <openvino/runtime/exception.hpp>

#include "base/error.hpp"
#include "device/device.hpp"
#include "device/reason.hpp"

namespace ovenbird {

namespace {

constexpr std::chrono::milliseconds kStopAskedEvery(20);

// The port of that name, which must have been compiled for exactly this tensor.
ov::Output<const ov::Node> port_for(const std::vector<ov::Output<const ov::Node>>& ports, const char* kind,
                                    const std::string& name, const ov::Tensor& tensor) {
    for (const auto& port : ports) {
        if (!port.get_names().contains(name)) continue;
        const bool fits = port.get_element_type() == tensor.get_element_type() &&
                          port.get_partial_shape().compatible(ov::PartialShape(tensor.get_shape()));
        if (fits) return port;
        fail(ErrorCode::internal, "{} '{}' was compiled as {} {} and is given {} {}", kind, name,
             port.get_partial_shape().to_string(), port.get_element_type().to_string(),
             tensor.get_shape().to_string(), tensor.get_element_type().to_string());
    }
    fail(ErrorCode::internal, "the model has no {} '{}'", kind, name);
}

}  // namespace

CompiledGraph::CompiledGraph(ov::CompiledModel model, std::string device)
    : model_(std::move(model)), request_(model_.create_infer_request()), device_(std::move(device)) {}

void CompiledGraph::set_input(const std::string& name, const ov::Tensor& tensor) {
    request_.set_tensor(port_for(model_.inputs(), "input", name, tensor), tensor);
}

ov::Tensor CompiledGraph::output(const std::string& name) {
    for (const auto& output : model_.outputs()) {
        if (output.get_names().contains(name)) return request_.get_tensor(output);
    }
    fail(ErrorCode::internal, "the model has no output '{}'", name);
}

void CompiledGraph::set_output(const std::string& name, const ov::Tensor& tensor) {
    request_.set_tensor(port_for(model_.outputs(), "output", name, tensor), tensor);
}

template <typename Work>
auto CompiledGraph::at_the_edge(const char* what, const Work& work) {
    try {
        return work();
    } catch (const std::exception& error) {
        fail(ErrorCode::device, "{}: {} failed: {}", device_, what, one_line_reason(error.what()));
    }
}

void CompiledGraph::reset_state() {
    at_the_edge("clearing the states", [&] {
        for (auto& state : request_.query_state())
            state.reset();
    });
}

void CompiledGraph::set_states(
    const std::function<ov::Tensor(const std::string& name, const ov::Tensor&)>& change) {
    at_the_edge("setting the states", [&] {
        for (auto& state : request_.query_state())
            state.set_state(change(state.get_name(), state.get_state()));
    });
}

void CompiledGraph::read_states(const std::function<void(const std::string& name, const ov::Tensor&)>& look) {
    at_the_edge("reading the states", [&] {
        for (auto& state : request_.query_state())
            look(state.get_name(), state.get_state());
    });
}

bool CompiledGraph::infer(const std::function<bool()>& stop) {
    return at_the_edge("inference", [&] {
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

}  // namespace ovenbird
