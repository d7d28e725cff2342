#include "device/embedder.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kIds = "input_ids";
constexpr const char* kRows = "inputs_embeds";

}  // namespace

Embedder::Embedder(const std::filesystem::path& model_xml, const std::filesystem::path& weights_bin) {
    DeviceOptions options;
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"}};  // the rows as they are
    session_ = compile_on("CPU", read_graph(model_xml, weights_bin), options);
    const auto& model = session_->model();
    const bool fits = model.inputs().size() == 1 && model.outputs().size() == 1 &&
                      model.input().get_names().contains(kIds) &&
                      model.input().get_element_type() == ov::element::i64 &&
                      model.output().get_element_type() == ov::element::f32;
    if (!fits) {
        fail(ErrorCode::unsupported, "{}: expected one input {} (i64) and one output {} (f32)",
             model_xml.string(), kIds, kRows);
    }
}

ov::Tensor Embedder::rows(std::span<const int64_t> ids) {
    ov::Tensor tensor(ov::element::i64, {1, ids.size()});
    std::copy(ids.begin(), ids.end(), tensor.data<int64_t>());
    session_->set_input(kIds, tensor);
    session_->infer();
    return session_->output(kRows);
}

std::unique_ptr<Embedder> embedder_beside(const std::filesystem::path& model_xml,
                                          const ov::CompiledModel& model) {
    const auto& inputs = model.inputs();
    const bool wanted = std::any_of(inputs.begin(), inputs.end(),
                                    [](const auto& input) { return input.get_names().contains(kRows); });
    if (!wanted) return nullptr;
    const auto beside = model_xml.parent_path() / kEmbeddingsXmlName;
    if (!std::filesystem::exists(beside)) {
        fail(ErrorCode::not_found,
             "'{}' takes {} and '{}', which makes them of tokens, is missing; bake the model again",
             model_xml.string(), kRows, beside.string());
    }
    return std::make_unique<Embedder>(beside, std::filesystem::path(model_xml).replace_extension(".bin"));
}

}  // namespace ovenbird
