#include "eval/source_head.hpp"

#include <algorithm>

#include "bake/graph/layer_parts.hpp"
#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "device/cpu_reference.hpp"
#include "device/models.hpp"
#include "eval/measure_text.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kFewRows = 16;  // a choice's continuation

Tensor view(float* data, int64_t rows, int64_t columns, bool is_matrix) {
    const auto high = static_cast<size_t>(rows);
    const auto wide = static_cast<size_t>(columns);
    return {ElementType::f32, is_matrix ? Shape{high, wide} : Shape{1, high, wide}, data};
}

}  // namespace

SourceHead::SourceHead(const SourceTensors& tensors, const std::filesystem::path& file)
    : config_(tensors.config()),
      weights_(Activations::create(file, config_.vocab_size, config_.hidden_size)) {
    tensors.read(config_.tied_embeddings ? kEmbeddingName : kHeadName, weights_.row(0));
    const auto read_norm = [&](const char* name) {
        tensors.read(name, norm_.add(name, 1, config_.hidden_size, true));
    };
    read_norm(kFinalNormName);
    if (config_.norm_bias) read_norm(kFinalNormBiasName);
}

CompiledGraph& SourceHead::graph(int64_t rows) {
    auto& graph = graphs_[rows];
    if (graph != nullptr) return *graph;
    graph = compile_on("CPU", build_head_part(config_, false, 1, static_cast<size_t>(rows)), exact_cpu());
    graph->set_input(kFinalNormName, norm_.tensor(kFinalNormName));
    if (config_.norm_bias) graph->set_input(kFinalNormBiasName, norm_.tensor(kFinalNormBiasName));
    graph->set_input(config_.tied_embeddings ? kEmbeddingName : kHeadName,
                     view(weights_.row(0), config_.vocab_size, config_.hidden_size, true));
    return *graph;
}

std::span<const float> SourceHead::logits(const float* hidden, int64_t rows) {
    const int64_t padded = rows <= kFewRows ? kFewRows : kRowsAtOnce;
    CompiledGraph& own = graph(padded);
    in_.assign(static_cast<size_t>(padded * config_.hidden_size), 0.0F);
    std::copy_n(hidden, rows * config_.hidden_size, in_.data());
    out_.resize(static_cast<size_t>(padded * config_.vocab_size));
    own.set_input("hidden", view(in_.data(), padded, config_.hidden_size, false));
    own.set_output("result", view(out_.data(), padded, config_.vocab_size, false));
    const bool finished = own.infer([] { return interrupted(); });
    check_interrupted();
    if (!finished) fail(ErrorCode::internal, "the source's head was stopped");
    return std::span(out_).first(static_cast<size_t>(rows * config_.vocab_size));
}

}  // namespace ovenbird
