#include <limits>
#include <numeric>
#include <openvino/op/ops.hpp>

#include "bake/graph/inventory.hpp"
#include "bake/graph/kv_cache.hpp"
#include "bake/graph/layers.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// Rows [begin, end) of [batch, rows, channels]; an end of 0 is the end, a negative one is counted from there.
Value rows_of(const Value& x, int64_t begin, int64_t end) {
    const int64_t last = end == 0 ? std::numeric_limits<int64_t>::max() : end;
    return std::make_shared<v8::Slice>(x, integers({begin}), integers({last}), integers({1}), integers({1}));
}

// The `count` rows before the first one that is padding: what the next tokens will see.
Value last_real_rows(const Value& rows, int64_t count, const LayerContext& context) {
    std::vector<int64_t> offsets(static_cast<size_t>(count));
    std::iota(offsets.begin(), offsets.end(), 0);
    const auto places = std::make_shared<v1::Add>(context.real_count, integers(offsets));
    return std::make_shared<v8::Gather>(rows, places, integer(1), 1);
}

}  // namespace

Value causal_convolution(const Value& x, const ModelConfig& config, int64_t layer, const std::string& name,
                         const StoredTensors& tensors, const LayerContext& context, KvCache& cache) {
    const int64_t before = config.convolution_size - 1;
    const int64_t channels = x.get_partial_shape()[2].get_length();
    const std::string state = std::to_string(layer) + std::string(kConvolutionState);
    const auto seen =
        std::make_shared<v0::Concat>(ov::OutputVector{cache.take(state, {before, channels}), x}, 1);
    cache.give(state, last_real_rows(seen, before, context));
    const auto weights = channels_constant(stored(tensors, name + ".weight"));
    Value sum;
    for (int64_t place = 0; place <= before; ++place) {
        const auto weight = std::make_shared<v8::Gather>(weights, integer(place), integer(1));
        const auto part = std::make_shared<v1::Multiply>(rows_of(seen, place, place - before), weight);
        sum = place == 0 ? Value(part) : std::make_shared<v1::Add>(sum, part)->output(0);
    }
    if (!config.convolution_bias) return sum;
    return std::make_shared<v1::Add>(sum, vector_constant(stored(tensors, name + ".bias")));
}

Value short_convolution(const Value& x, const ModelConfig& config, int64_t layer,
                        const StoredTensors& tensors, const LayerContext& context, KvCache& cache) {
    const std::string prefix = layer_prefix(layer) + "conv.";
    const auto joined = projection(x, prefix + "in_proj", config.convolution_bias, tensors);
    const auto parts = std::make_shared<v1::Split>(joined, integer(2), 3);  // the gates and what they gate
    const auto gated = std::make_shared<v1::Multiply>(parts->output(0), parts->output(2));
    const auto mixed = causal_convolution(gated, config, layer, prefix + "conv", tensors, context, cache);
    const auto out = std::make_shared<v1::Multiply>(parts->output(1), mixed);
    return projection(scaled(out, context.residual_scale), prefix + "out_proj", config.convolution_bias,
                      tensors, context.residual_scale);
}

}  // namespace ovenbird
