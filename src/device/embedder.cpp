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
    session_ = GraphFile(model_xml, weights_bin).compile("CPU", options);
    const bool fits = session_->inputs().size() == 1 && session_->outputs().size() == 1 &&
                      session_->inputs()[0].name == kIds && session_->inputs()[0].type == ElementType::i64 &&
                      session_->outputs()[0].type == ElementType::f32;
    if (!fits) {
        fail(ErrorCode::unsupported, "{}: expected one input {} (i64) and one output {} (f32)",
             model_xml.string(), kIds, kRows);
    }
}

Tensor Embedder::rows(std::span<const int64_t> ids) {
    Tensor tensor(ElementType::i64, {1, ids.size()});
    std::copy(ids.begin(), ids.end(), tensor.data<int64_t>());
    session_->set_input(kIds, tensor);
    session_->infer();
    return session_->output(kRows);
}

std::unique_ptr<Embedder> embedder_beside(const std::filesystem::path& model_xml,
                                          const CompiledGraph& graph) {
    if (!graph.has_input(kRows)) return nullptr;
    const auto beside = model_xml.parent_path() / kEmbeddingsXmlName;
    if (!std::filesystem::exists(beside)) {
        fail(ErrorCode::not_found,
             "'{}' takes {} and '{}', which makes them of tokens, is missing; bake the model again",
             model_xml.string(), kRows, beside.string());
    }
    return std::make_unique<Embedder>(beside, std::filesystem::path(model_xml).replace_extension(".bin"));
}

}  // namespace ovenbird
