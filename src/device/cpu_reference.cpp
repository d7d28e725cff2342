#include "device/cpu_reference.hpp"

#include <algorithm>
#include <functional>

namespace ovenbird {
namespace {

ov::Tensor row_tensor(size_t length, const std::function<int64_t(size_t)>& value) {
    ov::Tensor tensor(ov::element::i64, {1, length});
    for (size_t i = 0; i < length; ++i)
        tensor.data<int64_t>()[i] = value(i);
    return tensor;
}

// A cache of no tokens: one sequence, and nothing along the other axis that is not fixed.
ov::Tensor empty_cache(const ov::Output<const ov::Node>& port) {
    const auto& shape = port.get_partial_shape();
    ov::Shape fixed{1};
    for (size_t axis = 1; axis < shape.size(); ++axis)
        fixed.push_back(shape[axis].is_static() ? static_cast<size_t>(shape[axis].get_length()) : 0);
    return {port.get_element_type(), fixed};
}

ov::Tensor input_tensor(const ov::Output<const ov::Node>& port, std::span<const int64_t> ids, size_t width) {
    const std::string name = port.get_any_name();
    if (name.starts_with("past_key_values")) return empty_cache(port);
    if (name == "beam_idx") {
        ov::Tensor tensor(ov::element::i32, {1});
        tensor.data<int32_t>()[0] = 0;
        return tensor;
    }
    return row_tensor(width, [&](size_t i) -> int64_t {
        if (name == "input_ids") return i < ids.size() ? ids[i] : 0;
        if (name == "attention_mask") return i < ids.size() ? 1 : 0;
        return static_cast<int64_t>(i);
    });
}

}  // namespace

DeviceOptions exact_cpu() {
    DeviceOptions options;
    options.devices = {"CPU"};
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"},
                          {"DYNAMIC_QUANTIZATION_GROUP_SIZE", "0"},
                          {"KV_CACHE_PRECISION", "f32"}};
    return options;
}

CpuReference::CpuReference(const std::filesystem::path& model_xml)
    : session_(compile_file_on("CPU", model_xml, exact_cpu())),
      embedder_(embedder_beside(model_xml, session_->model())) {}

CpuReference::CpuReference(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& model_xml)
    : session_(compile_on("CPU", model, exact_cpu())),
      embedder_(embedder_beside(model_xml, session_->model())) {}

void CpuReference::run(std::span<const int64_t> ids, size_t width) {
    for (const auto& input : session_->model().inputs()) {
        const std::string name = input.get_any_name();
        if (name == "inputs_embeds") {
            std::vector<int64_t> window(ids.begin(), ids.end());
            window.resize(width, 0);
            session_->set_input(name, embedder_->rows(window));
        } else {
            session_->set_input(name, input_tensor(input, ids, width));
        }
    }
    session_->reset_state();
    session_->infer();
}

std::vector<float> CpuReference::next_logits(std::span<const int64_t> ids, size_t width) {
    run(ids, width);
    const ov::Tensor logits = output("logits");
    const size_t rows = logits.get_shape().at(1);
    const size_t vocab = logits.get_shape().at(2);
    const float* row = logits.data<float>() + (rows == 1 ? 0 : ids.size() - 1) * vocab;
    return {row, row + vocab};
}

}  // namespace ovenbird
