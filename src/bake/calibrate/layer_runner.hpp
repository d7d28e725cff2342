#pragma once
// The parts of a model's layers, run on the CPU in f32 over many sequences, with weights that change from
// call to call.

#include <map>
#include <memory>
#include <string>

#include "bake/graph/layer_parts.hpp"
#include "device/device.hpp"

namespace ovenbird {

/// A layer's weights as f32, by their names without the layer's prefix.
class LayerWeights {
public:
    /// Room for a tensor of that shape, its values to be filled in.
    float* add(const std::string& name, int64_t rows, int64_t columns, bool is_vector);
    float* data(const std::string& name) { return tensors_.at(name).data<float>(); }
    const Tensor& tensor(const std::string& name) const { return tensors_.at(name); }
    void clear() { tensors_.clear(); }

private:
    std::map<std::string, Tensor> tensors_;
};

/// How many sequences a call takes, and of how many tokens.
struct Batch {
    size_t sequences;
    size_t tokens;
    size_t rows() const { return sequences * tokens; }
};

class LayerRunner {
public:
    /// `tensors`: those of no layer that a layer's graph needs (rope factors).
    LayerRunner(const ModelConfig& config, const StoredTensors& tensors, Batch batch);
    ~LayerRunner();

    /// One batch: `hidden`, `read` (for the parts that add) and `result` are [rows, size]. Errors: device,
    /// interrupted.
    void run(LayerPart part, int64_t layer, const LayerWeights& weights, const float* hidden,
             const float* read, float* result);
    /// Values of a row of the part's result.
    int64_t result_size(LayerPart part) const;
    const Batch& batch() const { return batch_; }

private:
    CompiledGraph& graph(LayerPart part, int64_t layer);

    ModelConfig config_;
    StoredTensors tensors_;
    Batch batch_;
    // By part, sliding window and whether the layer has rotary embedding.
    std::map<std::string, std::unique_ptr<CompiledGraph>> graphs_;
};

}  // namespace ovenbird
