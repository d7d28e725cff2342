#include "bake/calibrate/exact_proof.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "bake/calibrate/head_runner.hpp"
#include "bake/calibrate/layer_runner.hpp"
#include "bake/graph/inventory.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

// Not as many as there may be heads: OpenVINO 2026.4 then computes attention wrongly on a CPU.
constexpr size_t kTokens = 47;
constexpr uint64_t kSeed = 7;

// One of the two models, as far as it has come.
class Stream {
public:
    Stream(const ModelConfig& config, LayerRunner& runner, const TensorReader& read, bool mixes)
        : config_(config), runner_(runner), read_(read), mixes_(mixes) {}

    void look_up(const std::vector<int64_t>& ids) {
        const auto size = static_cast<size_t>(config_.hidden_size);
        LayerWeights table;
        float* const rows = table.add(kEmbeddingName, config_.vocab_size, config_.hidden_size, false);
        read_(kEmbeddingName, rows);
        hidden_.resize(ids.size() * size);
        for (size_t i = 0; i < hidden_.size(); ++i)
            hidden_[i] = rows[static_cast<size_t>(ids[i / size]) * size + i % size] *
                         static_cast<float>(config_.embedding_multiplier);
    }

    void run_layer(int64_t layer) {
        LayerWeights weights;
        const std::string prefix = layer_prefix(layer);
        for (const auto& tensor : required_tensors(config_)) {
            if (!tensor.name.starts_with(prefix)) continue;
            read_(tensor.name, weights.add(tensor.name.substr(prefix.size()), tensor.rows, tensor.columns,
                                           tensor.role == TensorRole::vector));
        }
        for (const auto& [read, add] : {std::pair(LayerPart::attend, LayerPart::add_attended),
                                        std::pair(LayerPart::gate, LayerPart::add_fed)}) {
            std::vector<float> seen(kTokens * static_cast<size_t>(runner_.result_size(read)));
            std::vector<float> next(hidden_.size());
            runner_.run(read, layer, weights, hidden_.data(), nullptr, seen.data());
            runner_.run(add, layer, weights, hidden_.data(), seen.data(), next.data());
            hidden_ = std::move(next);
        }
    }

    std::vector<float> logits() const {
        HeadRunner head(config_, mixes_, kTokens);
        return head.logits(head.weights(read_), hidden_.data());
    }

private:
    const ModelConfig& config_;
    LayerRunner& runner_;
    const TensorReader& read_;
    bool mixes_;
    std::vector<float> hidden_;
};

}  // namespace

ExactProof compare_exact(const ModelConfig& config, const StoredTensors& shared, const TensorReader& original,
                         const TensorReader& changed, bool mixes, Reporter& reporter) {
    LayerRunner runner(config, shared, {1, kTokens});
    Stream before(config, runner, original, false);
    Stream after(config, runner, changed, mixes);
    std::mt19937_64 engine(kSeed);
    std::vector<int64_t> ids(kTokens);
    for (auto& id : ids)
        id = static_cast<int64_t>(engine() % static_cast<uint64_t>(config.vocab_size));
    reporter.begin("stage 1: compare the rotated model with the original",
                   static_cast<uint64_t>(config.layer_count()), WorkUnit::steps);
    before.look_up(ids);
    after.look_up(ids);
    for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
        check_interrupted();
        before.run_layer(layer);
        after.run_layer(layer);
        reporter.advance(static_cast<uint64_t>(layer) + 1);
    }
    const auto expected = before.logits();
    const auto found = after.logits();
    reporter.end();
    ExactProof proof;
    for (size_t i = 0; i < expected.size(); ++i) {
        const double difference = std::abs(static_cast<double>(expected[i]) - static_cast<double>(found[i]));
        // NaN is no agreement.
        proof.largest_difference =
            difference <= proof.largest_difference ? proof.largest_difference : difference;
        proof.largest_logit = std::max(proof.largest_logit, std::abs(static_cast<double>(expected[i])));
    }
    return proof;
}

}  // namespace ovenbird
