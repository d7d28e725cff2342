#include "bake/calibrate/calibrate_head.hpp"

#include <algorithm>
#include <mutex>

#include "bake/calibrate/calibrate_rows.hpp"
#include "bake/gptq/linear_algebra.hpp"
#include "bake/gptq/loops.hpp"
#include "bake/graph/inventory.hpp"
#include "bake/graph/layer_parts.hpp"
#include "base/parallel.hpp"
#include "base/platform/process.hpp"
#include "device/cpu_reference.hpp"

namespace ovenbird {
namespace {

// What the head reads behind both models' layers.
InputStatistics statistics_of(const CalibrationSource& source, const LastStreams& streams) {
    const auto wide = static_cast<size_t>(source.config.hidden_size);
    const Batch& batch = streams.batch;
    const auto graph =
        compile_on("CPU", build_head_norm(source.config, batch.sequences, batch.tokens), exact_cpu());
    LayerWeights norm;
    for (const auto& input : graph->inputs()) {
        const std::string& name = input.name;
        if (name == "hidden") continue;
        source.read(name, norm.add(name, 1, source.config.hidden_size, true));
        graph->set_input(name, norm.tensor(name));
    }
    const auto read = [&](const float* hidden, std::vector<float>& x) {
        const Shape shape{batch.sequences, batch.tokens, wide};
        graph->set_input("hidden", {ElementType::f32, shape, const_cast<float*>(hidden)});  // only read
        graph->set_output("result", {ElementType::f32, shape, x.data()});
        graph->infer();
    };
    InputStatistics statistics(source.config.hidden_size);
    std::vector<float> x(batch.rows() * wide);
    std::vector<float> original_x(x.size());
    const auto count = static_cast<int64_t>(batch.rows());
    for (int64_t row = 0; row < streams.rows; row += count) {
        check_interrupted();
        read(streams.hidden.row(row), x);
        read(streams.original.row(row), original_x);
        statistics.add(x.data(), original_x.data(), count);
    }
    return statistics;
}

}  // namespace

MatrixReport calibrate_head(const CalibrationSource& source, const GptqEffort& effort,
                            const LastStreams& streams, const std::function<void(double share)>& tick) {
    const StoredTensor& tensor = source.stored.at(kHeadName);
    const QuantTarget& target = source.targets.at(kHeadName);
    MatrixReport report;
    report.name = kHeadName;
    InputStatistics statistics = statistics_of(source, streams);
    report.data_free = !statistics.settle(report.damping);
    RowsError sum;
    std::mutex mutex;
    const auto blocks = static_cast<size_t>((tensor.rows + kGptqRows - 1) / kGptqRows);
    parallel_for(
        blocks,
        [&](size_t i) {
            const int64_t begin = static_cast<int64_t>(i) * kGptqRows;
            const int64_t end = std::min(begin + kGptqRows, tensor.rows);
            std::vector<float> w(static_cast<size_t>((end - begin) * tensor.columns));
            source.read_rows(kHeadName, begin, end, w.data());
            const RowsError error = calibrate_rows(
                tensor, target, effort, report.data_free ? nullptr : &statistics, begin, std::move(w));
            const std::lock_guard lock(mutex);
            sum += error;
        },
        [&](size_t done) { tick(static_cast<double>(done) / static_cast<double>(blocks)); }, kMostCallers);
    report.relative_error = sum.relative();
    return report;
}

}  // namespace ovenbird
