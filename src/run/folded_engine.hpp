#pragma once
// The folded form as an Engine: one graph of a layer, run once for each layer with its weights.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/platform/mapped_file.hpp"
#include "device/graph_runner.hpp"
#include "run/chunked_engine.hpp"
#include "run/host_cache.hpp"
#include "run/step_inputs.hpp"

namespace ovenbird {

/// Holds the hidden state twice (a layer reads one and writes the other), masks, rotary tables and the cache
/// once, and a prepared call for every layer of every step that was used, so that a step only starts calls.
/// Weights are tensors over the mapped weights file, or copies that the device asked for, made once.
class FoldedEngine : public ChunkedEngine {
public:
    /// Opens the smallest bucket's decode step at once, so that a device that refuses is known. Errors:
    /// device, invalid_input (a manifest whose ranges do not fit the weights file or the graphs),
    /// unsupported.
    FoldedEngine(const Manifest& manifest, std::unique_ptr<GraphRunner> runner,
                 std::shared_ptr<const MappedFile> weights, int64_t pad_id);

private:
    std::span<const float> run(const Step& shape, const Chunk& chunk, const StopAsked& stop) override;
    void use_bucket(int64_t context) override;
    HostCache& cache() override { return cache_; }
    const HostCache& cache() const override { return cache_; }

    using Call = std::function<void()>;
    struct Layer {
        Call call;
        std::vector<size_t> parts;  // of the cache: what past.0, past.1, … are
        std::vector<Tensor> fresh;  // what the run gives of each: present.0, present.1, …
    };
    struct Prepared {
        StepInputs inputs;
        Call embed, before, head;
        std::vector<Layer> layers;
        Tensor hidden[2];                                   // f32 [1, tokens, hidden]
        std::map<std::pair<size_t, size_t>, Tensor> fresh;  // present.* by kind of layer and number
        Tensor head_rows;                                   // f32 [1, rows of the head, hidden]
        Tensor logits;                                      // f32 [1, rows of the head, vocabulary]
        CallTensors sent;                                   // to the first layer, for the line that tells
    };
    const FoldedStep& folded_step(const Step& shape) const;
    Prepared& step_of(const Step& shape);
    void open(const FoldedStep& folded, Prepared& step);
    CallTensors prepare_before(const FoldedStep& folded, Prepared& step);
    void prepare_layer(const FoldedStep& folded, size_t index, const CallTensors& shared, Prepared& step);
    void prepare_head(const FoldedStep& folded, Prepared& step);
    void find_caches();
    Tensor make(const GraphPort& port);
    CallTensors weights_of(size_t owner, const std::string& file, const WeightRanges& ranges);

    FoldedForm form_;
    std::unique_ptr<GraphRunner> runner_;
    std::shared_ptr<const MappedFile> file_;
    int64_t pad_id_ = 0;
    HostCache cache_;
    std::map<std::string, Prepared> steps_;                     // by name
    std::map<std::pair<size_t, std::string>, Tensor> weights_;  // by layer (the head: their number) and name
};

}  // namespace ovenbird
