#pragma once
// The last norm and the head of a checkpoint: from the residual stream behind the last layer to logits.

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "bake/calibrate/activations.hpp"
#include "bake/calibrate/layer_runner.hpp"
#include "device/device.hpp"
#include "eval/source_tensors.hpp"

namespace ovenbird {

class SourceHead {
public:
    /// Writes the head's weights as f32 into a new file, vocab_size * hidden_size * 4 bytes, so that they
    /// need not be anonymous memory. Errors: no_space, io, interrupted.
    SourceHead(const SourceTensors& tensors, const std::filesystem::path& file);

    /// Logits (f32, rows x vocab_size) of 1 … kRowsAtOnce rows of the stream ([rows, hidden_size]). Valid
    /// until the next call. Errors: device, interrupted.
    std::span<const float> logits(const float* hidden, int64_t rows);

private:
    CompiledGraph& graph(int64_t rows);

    ModelConfig config_;
    Activations weights_;
    LayerWeights norm_;
    std::map<int64_t, std::unique_ptr<CompiledGraph>> graphs_;  // by their rows
    std::vector<float> in_;
    std::vector<float> out_;
};

}  // namespace ovenbird
