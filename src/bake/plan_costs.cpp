#include <algorithm>
#include <map>
#include <set>

#include "bake/plan.hpp"
#include "base/parallel.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace {

// What stage 2 adds for per-channel zero points: an f32 a row, and a row of ones for each width.
uint64_t correction_bytes(const BakePlan& plan) {
    uint64_t bytes = 0;
    std::set<int64_t> widths;
    for (const auto& tensor : plan.tensors) {
        if (tensor.store != Store::quantized || tensor.format.symmetric || tensor.format.group_size != 0)
            continue;
        bytes += aligned(4 * static_cast<uint64_t>(tensor.rows));
        if (widths.insert(tensor.columns).second) bytes += aligned(4 * static_cast<uint64_t>(tensor.columns));
    }
    return bytes;
}

// Rotary tables: cosine and sine, f32, once for the window and once for the whole graphs: of the folded ones
// the host computes angles.
uint64_t table_bytes(const BakePlan& plan) {
    const int64_t context = plan.forms.context;
    const int64_t rows = plan.forms.seq_len + (plan.forms.has(Form::whole) ? context + kChunkTokens : 0);
    // Layers that are not turned have tables of ones and zeros.
    std::map<std::pair<bool, bool>, int64_t> sizes;
    for (const LayerConfig& layer : plan.config.layers)
        sizes[{layer.rotary, layer.rotary && layer.local_rope}] =
            layer.head_size > 0 ? layer.head_size : plan.config.head_size;
    int64_t values = 0;
    for (const auto& [kind, size] : sizes)
        values += size;
    return 2 * 4 * static_cast<uint64_t>(rows * values);
}

// The numbers of places, once for each length of cache.
uint64_t place_bytes(const BakePlan& plan) {
    std::set<int64_t> pasts;
    uint64_t graphs = 0;
    for (const auto& form : plan.forms.forms) {
        for (const auto& step : form.steps) {
            if (form.form == Form::whole) pasts.insert(step.past);
            graphs += form.form == Form::whole ? 1 : 0;
        }
    }
    uint64_t bytes = graphs * 576;
    for (const int64_t past : pasts)
        bytes += aligned(8 * static_cast<uint64_t>(past));
    return bytes;
}

}  // namespace

void plan_costs(BakePlan& plan, const BakeOptions& options) {
    // Axes, scalars and frequencies of the graph, and its index vectors of N entries, each on its own 64
    // bytes.
    const uint64_t graph_constants =
        (uint64_t{1} << 10) + 16 * static_cast<uint64_t>(options.seq_len) + 4 * plan.config.head_size;
    plan.weights_file_bytes =
        plan.tensor_bytes + graph_constants + correction_bytes(plan) + table_bytes(plan) + place_bytes(plan);
    plan.text_bytes = uint64_t{32} << 20;
    plan.disk_bytes = plan.weights_file_bytes + plan.decoder_bytes + plan.text_bytes;
    for (const auto& form : plan.forms.forms)
        plan.disk_bytes += form.disk_bytes();
    int64_t widest = 0;
    for (const auto& tensor : plan.tensors)
        widest = std::max(widest, tensor.columns);
    plan.memory_bytes =
        (uint64_t{256} << 20) + worker_count() * std::max<uint64_t>(uint64_t{16} << 20, 64 * 4 * widest);
    if (plan.calibration) {
        plan.memory_bytes = std::max(plan.memory_bytes, plan.calibration->memory_bytes);
        plan.disk_bytes += plan.calibration->disk_bytes;
    }
    // The CPU device keeps its own packed copy of the weights, and activations.
    if (options.forward_check != "off")
        plan.memory_bytes += plan.tensor_bytes * 5 / 4 + (uint64_t{128} << 20);
}

}  // namespace ovenbird
