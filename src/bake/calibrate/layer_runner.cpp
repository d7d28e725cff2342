#include "bake/calibrate/layer_runner.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "device/cpu_reference.hpp"
#include "device/models.hpp"

namespace ovenbird {
namespace {

Tensor view(const float* data, Batch batch, int64_t size) {
    // OpenVINO's tensors over memory of others are never const; inputs are only read.
    return {ElementType::f32,
            {batch.sequences, batch.tokens, static_cast<size_t>(size)},
            const_cast<float*>(data)};
}

}  // namespace

float* LayerWeights::add(const std::string& name, int64_t rows, int64_t columns, bool is_vector) {
    const auto wide = static_cast<size_t>(columns);
    const Shape shape = is_vector ? Shape{wide} : Shape{static_cast<size_t>(rows), wide};
    auto& tensor = tensors_[name];
    tensor = Tensor(ElementType::f32, shape);
    return tensor.data<float>();
}

LayerRunner::LayerRunner(const ModelConfig& config, const StoredTensors& tensors, Batch batch)
    : config_(config), tensors_(tensors), batch_(batch) {}

LayerRunner::~LayerRunner() = default;

int64_t LayerRunner::result_size(LayerPart part) const {
    if (part == LayerPart::attend) return config_.heads * config_.head_size;
    return part == LayerPart::gate ? config_.intermediate_size : config_.hidden_size;
}

CompiledGraph& LayerRunner::graph(LayerPart part, int64_t layer) {
    const LayerConfig& own = config_.layers[static_cast<size_t>(layer)];
    const auto number = static_cast<int>(part);
    const std::string kind =
        part == LayerPart::attend
            ? fmt::format("{} {} {} {}", number, own.sliding_window, own.rotary, own.local_rope)
            : fmt::format("{}", number);
    auto& graph = graphs_[kind];
    if (graph == nullptr)
        graph = compile_on("CPU",
                           build_layer_part(config_, layer, part, tensors_, batch_.sequences, batch_.tokens),
                           exact_cpu());
    return *graph;
}

void LayerRunner::run(LayerPart part, int64_t layer, const LayerWeights& weights, const float* hidden,
                      const float* read, float* result) {
    CompiledGraph& own = graph(part, layer);
    for (const auto& input : own.inputs()) {
        const std::string& name = input.name;
        if (name == "hidden") {
            own.set_input(name, view(hidden, batch_, config_.hidden_size));
        } else if (name == "read") {
            const auto from = part == LayerPart::add_attended ? LayerPart::attend : LayerPart::gate;
            own.set_input(name, view(read, batch_, result_size(from)));
        } else {
            own.set_input(name, weights.tensor(name));
        }
    }
    own.set_output("result", view(result, batch_, result_size(part)));
    const bool finished = own.infer([] { return interrupted(); });
    check_interrupted();
    if (!finished) fail(ErrorCode::internal, "a layer was stopped");
}

}  // namespace ovenbird
