#include "base/error.hpp"
#include "device/device.hpp"
#include "device/reason.hpp"

namespace ovenbird {

CompiledSession::CompiledSession(ov::CompiledModel model, std::string device)
    : model_(std::move(model)), request_(model_.create_infer_request()), device_(std::move(device)) {}

void CompiledSession::set_input(const std::string& name, const ov::Tensor& tensor) {
    for (const auto& input : model_.inputs()) {
        if (!input.get_names().contains(name)) continue;
        const bool fits = input.get_element_type() == tensor.get_element_type() &&
                          input.get_partial_shape().compatible(ov::PartialShape(tensor.get_shape()));
        if (!fits) {
            fail(ErrorCode::internal, "input '{}' was compiled as {} {} and is given {} {}", name,
                 input.get_partial_shape().to_string(), input.get_element_type().to_string(),
                 tensor.get_shape().to_string(), tensor.get_element_type().to_string());
        }
        request_.set_tensor(input, tensor);
        return;
    }
    fail(ErrorCode::internal, "the model has no input '{}'", name);
}

ov::Tensor CompiledSession::output(const std::string& name) {
    for (const auto& output : model_.outputs()) {
        if (output.get_names().contains(name)) return request_.get_tensor(output);
    }
    fail(ErrorCode::internal, "the model has no output '{}'", name);
}

void CompiledSession::set_output(const std::string& name, const ov::Tensor& tensor) {
    for (const auto& output : model_.outputs()) {
        if (!output.get_names().contains(name)) continue;
        const bool fits = output.get_element_type() == tensor.get_element_type() &&
                          output.get_partial_shape().compatible(ov::PartialShape(tensor.get_shape()));
        if (!fits) {
            fail(ErrorCode::internal, "output '{}' was compiled as {} {} and is given {} {}", name,
                 output.get_partial_shape().to_string(), output.get_element_type().to_string(),
                 tensor.get_shape().to_string(), tensor.get_element_type().to_string());
        }
        request_.set_tensor(output, tensor);
        return;
    }
    fail(ErrorCode::internal, "the model has no output '{}'", name);
}

void CompiledSession::reset_state() {
    for (auto& state : request_.query_state())
        state.reset();
}

void CompiledSession::infer() {
    try {
        request_.infer();
    } catch (const std::exception& error) {
        fail(ErrorCode::device, "{}: inference failed: {}", device_, one_line_reason(error.what()));
    }
}

}  // namespace ovenbird
