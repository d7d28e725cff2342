#include "bake/calibrate/head_runner.hpp"

#include <algorithm>

#include "bake/graph/inventory.hpp"
#include "base/distribution.hpp"
#include "device/cpu_reference.hpp"

namespace ovenbird {
HeadRunner::HeadRunner(const ModelConfig& config, bool mixes, size_t tokens)
    : config_(config),
      mixes_(mixes),
      tokens_(tokens),
      graph_(compile_on("CPU", build_head_part(config, mixes, 1, tokens), exact_cpu())) {}

LayerWeights HeadRunner::weights(const TensorReader& read) const {
    LayerWeights weights;
    const auto load = [&](const std::string& name, int64_t rows, bool is_vector) {
        read(name, weights.add(name, rows, config_.hidden_size, is_vector));
    };
    load(kFinalNormName, 1, true);
    if (config_.norm_bias) load(kFinalNormBiasName, 1, true);
    if (mixes_) load(kHeadMixName, config_.hidden_size, false);
    load(config_.tied_embeddings ? kEmbeddingName : kHeadName, config_.vocab_size, false);
    return weights;
}

std::vector<float> HeadRunner::logits(const LayerWeights& weights, const float* hidden) {
    for (const auto& input : graph_->inputs()) {
        const std::string& name = input.name;
        if (name != "hidden") {
            graph_->set_input(name, weights.tensor(name));
            continue;
        }
        // Only read.
        graph_->set_input(name, {ElementType::f32,
                                 {1, tokens_, static_cast<size_t>(config_.hidden_size)},
                                 const_cast<float*>(hidden)});
    }
    graph_->infer();
    const Tensor result = graph_->output("result");
    return {result.data<float>(), result.data<float>() + result.size()};
}

void LogitComparison::add(std::span<const float> expected, std::span<const float> found) {
    for (size_t first = 0; first < expected.size(); first += vocab_size_) {
        const auto wanted = expected.subspan(first, vocab_size_);
        const auto given = found.subspan(first, vocab_size_);
        const RowComparison row = compare_rows(wanted, given, 0);
        kl_ += row.kl;
        same_ += row.expected_best == row.got_best ? 1 : 0;
        ++rows_;
    }
}

HeldOut LogitComparison::result() const {
    const auto rows = static_cast<double>(std::max<int64_t>(rows_, 1));
    return {rows_, kl_ / rows, static_cast<double>(same_) / rows};
}

}  // namespace ovenbird
