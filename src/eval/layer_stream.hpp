#pragma once
// A checkpoint's layers one after the other over many sequences: the weights of one are in memory at a time.

#include <memory>
#include <vector>

#include "bake/calibrate/activations.hpp"
#include "bake/calibrate/layer_runner.hpp"
#include "base/report.hpp"
#include "eval/padded_batches.hpp"
#include "eval/source_tensors.hpp"

namespace ovenbird {

class LayerStream {
public:
    /// `lengths`: tokens of each sequence, 1 at least. `tensors` must outlive this.
    LayerStream(const SourceTensors& tensors, const std::vector<size_t>& lengths);

    /// The residual stream of all sequences, the rows of one behind those of the other, from what was looked
    /// up to what the last norm reads. Errors: device, interrupted.
    void run(Activations& hidden, Reporter& reporter);

private:
    struct Attention {
        PaddedBatches batches;
        std::unique_ptr<LayerRunner> runner;
    };

    void load(int64_t layer);
    void attend(Attention& attention, int64_t layer, Activations& hidden);
    void feed(int64_t layer, Activations& hidden);
    void step();

    const SourceTensors& tensors_;
    std::vector<size_t> lengths_;
    std::vector<int64_t> first_rows_;
    int64_t rows_ = 0;
    std::vector<Attention> attentions_;
    std::unique_ptr<LayerRunner> feeder_;  // of rows, whatever sequences they are of
    LayerWeights weights_;
    std::vector<float> in_;  // of one call
    std::vector<float> read_;
    std::vector<float> out_;
    Reporter* reporter_ = nullptr;
    uint64_t steps_ = 0;
};

}  // namespace ovenbird
