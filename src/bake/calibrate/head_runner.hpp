#pragma once
// What stands behind the last layer, on the CPU in f32: logits of hidden states, and two models' beside each
// other.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bake/calibrate/calibrate.hpp"
#include "bake/calibrate/layer_runner.hpp"

namespace ovenbird {

/// Gives all of a tensor: [rows, columns], f32.
using TensorReader = std::function<void(const std::string& name, float* out)>;

class HeadRunner {
public:
    /// `mixes`: there is a kHeadMixName.
    HeadRunner(const ModelConfig& config, bool mixes, size_t tokens);

    LayerWeights weights(const TensorReader& read) const;
    /// [tokens, vocab_size] for `hidden` [tokens, hidden_size]. Errors: device.
    std::vector<float> logits(const LayerWeights& weights, const float* hidden);

private:
    ModelConfig config_;
    bool mixes_;
    size_t tokens_;
    std::unique_ptr<CompiledGraph> graph_;
};

/// Sums up what one model's logits are beside another's.
class LogitComparison {
public:
    explicit LogitComparison(int64_t vocab_size) : vocab_size_(static_cast<size_t>(vocab_size)) {}
    /// Rows of vocab_size logits. Errors: verification (one that is not finite).
    void add(std::span<const float> expected, std::span<const float> found);
    HeldOut result() const;

private:
    size_t vocab_size_;
    int64_t rows_ = 0;
    int64_t same_ = 0;
    double kl_ = 0;
};

}  // namespace ovenbird
