#include "device/cpu_reference.hpp"

#include <algorithm>
#include <functional>

namespace ovenbird {
namespace {

Tensor row_tensor(size_t length, const std::function<int64_t(size_t)>& value) {
    Tensor tensor(ElementType::i64, {1, length});
    for (size_t i = 0; i < length; ++i)
        tensor.data<int64_t>()[i] = value(i);
    return tensor;
}

// A cache of no tokens: one sequence, and nothing along the other axis that is not fixed.
Tensor empty_cache(const GraphPort& port) {
    Shape fixed{1};
    for (size_t axis = 1; axis < port.shape.size(); ++axis)
        fixed.push_back(port.shape[axis].is_static() ? static_cast<size_t>(port.shape[axis].least) : 0);
    return {port.type, fixed};
}

Tensor input_tensor(const GraphPort& port, std::span<const int64_t> ids, size_t width) {
    if (port.name.starts_with("past_key_values")) return empty_cache(port);
    if (port.name == "beam_idx") {
        Tensor tensor(ElementType::i32, {1});
        tensor.data<int32_t>()[0] = 0;
        return tensor;
    }
    return row_tensor(width, [&](size_t i) -> int64_t {
        if (port.name == "input_ids") return i < ids.size() ? ids[i] : 0;
        if (port.name == "attention_mask") return i < ids.size() ? 1 : 0;
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
      embedder_(embedder_beside(model_xml, *session_)) {}

CpuReference::CpuReference(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& model_xml)
    : session_(compile_on("CPU", model, exact_cpu())), embedder_(embedder_beside(model_xml, *session_)) {}

void CpuReference::run(std::span<const int64_t> ids, size_t width) {
    for (const auto& input : session_->inputs()) {
        if (input.name == "inputs_embeds") {
            std::vector<int64_t> window(ids.begin(), ids.end());
            window.resize(width, 0);
            session_->set_input(input.name, embedder_->rows(window));
        } else {
            session_->set_input(input.name, input_tensor(input, ids, width));
        }
    }
    session_->reset_state();
    session_->infer();
}

std::vector<float> CpuReference::next_logits(std::span<const int64_t> ids, size_t width) {
    run(ids, width);
    const Tensor logits = output("logits");
    const size_t rows = logits.shape().at(1);
    const size_t vocab = logits.shape().at(2);
    const float* row = logits.data<float>() + (rows == 1 ? 0 : ids.size() - 1) * vocab;
    return {row, row + vocab};
}

}  // namespace ovenbird
