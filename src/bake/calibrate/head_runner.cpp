#include "bake/calibrate/head_runner.hpp"

#include <algorithm>
#include <cmath>

#include "bake/graph/inventory.hpp"
#include "device/cpu_reference.hpp"

namespace ovenbird {
namespace {

// The logarithm of the sum of exponentials.
double log_sum(std::span<const float> logits) {
    const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit) - largest);
    return largest + std::log(sum);
}

auto likeliest(std::span<const float> logits) {
    return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

}  // namespace

HeadRunner::HeadRunner(const ModelConfig& config, bool mixes, size_t tokens)
    : config_(config),
      mixes_(mixes),
      tokens_(tokens),
      graph_(compile_on("CPU", build_head_part(config, mixes, 1, tokens), exact_cpu())) {}

HeadWeights HeadRunner::weights(const TensorReader& read) const {
    HeadWeights weights;
    const auto load = [&](const std::string& name, int64_t rows, bool is_vector) {
        read(name, weights.add(name, rows, config_.hidden_size, is_vector));
    };
    load(kFinalNormName, 1, true);
    if (mixes_) load(kHeadMixName, config_.hidden_size, false);
    load(config_.tied_embeddings ? kEmbeddingName : kHeadName, config_.vocab_size, false);
    return weights;
}

std::vector<float> HeadRunner::logits(const HeadWeights& weights, const float* hidden) {
    for (const auto& input : graph_->model().inputs()) {
        const std::string& name = input.get_any_name();
        if (name != "hidden") {
            graph_->set_input(name, weights.tensor(name));
            continue;
        }
        // Only read.
        graph_->set_input(name, {ov::element::f32,
                                 {1, tokens_, static_cast<size_t>(config_.hidden_size)},
                                 const_cast<float*>(hidden)});
    }
    graph_->infer();
    const ov::Tensor result = graph_->output("result");
    return {result.data<float>(), result.data<float>() + result.get_size()};
}

void LogitComparison::add(std::span<const float> expected, std::span<const float> found) {
    for (size_t first = 0; first < expected.size(); first += vocab_size_) {
        const auto wanted = expected.subspan(first, vocab_size_);
        const auto given = found.subspan(first, vocab_size_);
        const double wanted_sum = log_sum(wanted);
        const double given_sum = log_sum(given);
        for (size_t i = 0; i < vocab_size_; ++i) {
            const double log_probability = static_cast<double>(wanted[i]) - wanted_sum;
            kl_ +=
                std::exp(log_probability) * (log_probability - (static_cast<double>(given[i]) - given_sum));
        }
        same_ += likeliest(wanted) == likeliest(given) ? 1 : 0;
        ++rows_;
    }
}

HeldOut LogitComparison::result() const {
    const auto rows = static_cast<double>(std::max<int64_t>(rows_, 1));
    return {rows_, kl_ / rows, static_cast<double>(same_) / rows};
}

}  // namespace ovenbird
