#include "bake/calibrate/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "bake/calibrate/activations.hpp"
#include "bake/calibrate/calibrate_head.hpp"
#include "bake/calibrate/calibrate_rows.hpp"
#include "bake/calibrate/head_runner.hpp"
#include "bake/calibrate/kept_work.hpp"
#include "bake/calibrate/layer_runner.hpp"
#include "bake/calibrate/stored_rows.hpp"
#include "bake/gptq/linear_algebra.hpp"
#include "bake/gptq/loops.hpp"
#include "bake/graph/inventory.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

constexpr size_t kRowsOfBatch = 2048;

Batch batch_of(const CalibrationTokens& tokens) {
    const auto length = static_cast<size_t>(tokens.length);
    const auto sequences = static_cast<size_t>(tokens.sequences());
    const auto seen = sequences - static_cast<size_t>(tokens.held_out);
    size_t most = std::clamp<size_t>(kRowsOfBatch / length, 1, seen);
    while (sequences % most != 0 || seen % most != 0)
        --most;
    return {most, length};
}

class Calibrator {
public:
    Calibrator(const CalibrationSource& source, const CalibrationTokens& tokens, const GptqEffort& effort,
               KeptWork& kept, Reporter& reporter)
        : source_(source),
          effort_(effort),
          kept_(kept),
          reporter_(reporter),
          batch_(batch_of(tokens)),
          rows_(static_cast<int64_t>(tokens.ids.size())),
          seen_rows_(rows_ - tokens.held_out * tokens.length),
          runner_(source.config, source.stored, batch_),
          read_(file("read", widest(source.config), 0)),
          original_read_(file("original_read", widest(source.config), 0)) {
        report_.tokens = seen_rows_;
        if (kept.layers() == 0) look_up(tokens);
    }

    CalibrationReport run() {
        const auto start = std::chrono::steady_clock::now();
        const int64_t layers = source_.config.layer_count();
        const int64_t parts = layers + (calibrates_head() ? 1 : 0);
        reporter_.begin("stage 1: calibrate", static_cast<uint64_t>(parts) * kSteps, WorkUnit::steps);
        for (int64_t part = 0; part < kept_.layers(); ++part) {
            kept_.restore(part, targets_of(part));
            steps_ += kSteps;
        }
        reporter_.advance(steps_);
        for (int64_t layer = kept_.layers(); layer < layers; ++layer)
            run_layer(layer);
        if (kept_.layers() < parts) run_head();
        reporter_.end();
        report_.matrices = kept_.matrices();
        if (rows_ > seen_rows_) judge();
        report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        return std::move(report_);
    }

private:
    static constexpr uint64_t kSteps = 9;

    static int64_t widest(const ModelConfig& config) {
        return std::max(config.heads * config.head_size, config.intermediate_size);
    }

    void step() {
        check_interrupted();
        reporter_.advance(++steps_);
    }

    // Two files take turns, so that what a layer reads is there until its result is.
    Activations file(const char* name, int64_t size, int64_t turn) const {
        return Activations::create(kept_.file(fmt::format("{}_{}.f32", name, turn % 2)), rows_, size);
    }

    Activations kept_file(const char* name, int64_t layer) const {
        return Activations::open(kept_.file(fmt::format("{}_{}.f32", name, layer % 2)), rows_,
                                 source_.config.hidden_size);
    }

    bool calibrates_head() const { return source_.targets.contains(kHeadName); }

    // The head is kept as the layer behind the last one.
    std::vector<QuantTarget> targets_of(int64_t layer) const {
        if (layer == source_.config.layer_count()) return {source_.targets.at(kHeadName)};
        std::vector<QuantTarget> targets;
        for (const auto& [name, target] : source_.targets)
            if (name.starts_with(layer_prefix(layer))) targets.push_back(target);
        return targets;
    }

    void look_up(const CalibrationTokens& tokens) {
        auto hidden = file("hidden", source_.config.hidden_size, 0);
        auto original = file("original_hidden", source_.config.hidden_size, 0);
        const auto& table = source_.stored.at(kEmbeddingName);
        const auto factor = static_cast<float>(source_.config.embedding_multiplier);
        const int64_t size = source_.config.hidden_size;
        parallel_for(tokens.ids.size(), [&](size_t i) {
            const int64_t id = tokens.ids[i];
            const auto row = static_cast<int64_t>(i);
            source_.read_rows(kEmbeddingName, id, id + 1, original.row(row));
            load_rows(table, id, id + 1, hidden.row(row));
            for (int64_t at = 0; at < size; ++at) {
                original.row(row)[at] *= factor;
                hidden.row(row)[at] *= factor;
            }
        });
    }

    // Both sets of weights: as they are, and as they are stored. Those to calibrate come later.
    void load_layer(int64_t layer) {
        original_.clear();
        weights_.clear();
        const std::string prefix = layer_prefix(layer);
        for (const auto& tensor : required_tensors(source_.config)) {
            if (!tensor.name.starts_with(prefix)) continue;
            const std::string name = tensor.name.substr(prefix.size());
            const bool is_vector = tensor.role == TensorRole::vector;
            source_.read(tensor.name, original_.add(name, tensor.rows, tensor.columns, is_vector));
            float* const stored = weights_.add(name, tensor.rows, tensor.columns, is_vector);
            if (!source_.targets.contains(tensor.name)) load(tensor.name, stored);
        }
    }

    void load(const std::string& name, float* out) const {
        const auto& tensor = source_.stored.at(name);
        constexpr int64_t kRows = 64;
        parallel_for(static_cast<size_t>((tensor.rows + kRows - 1) / kRows), [&](size_t i) {
            const int64_t begin = static_cast<int64_t>(i) * kRows;
            load_rows(tensor, begin, std::min(begin + kRows, tensor.rows), out + begin * tensor.columns);
        });
    }

    void run_layer(int64_t layer) {
        load_layer(layer);
        reports_.clear();
        const int64_t size = source_.config.hidden_size;
        const Activations hidden = kept_file("hidden", layer);
        const Activations original = kept_file("original_hidden", layer);
        Activations next = file("hidden", size, layer + 1);
        Activations original_next = file("original_hidden", size, layer + 1);
        step();
        run(LayerPart::attend, layer, original_, original, nullptr, original_read_);
        step();
        quantise_normed(LayerPart::norm_attention, layer, hidden, original,
                        {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"});
        step();
        run(LayerPart::attend, layer, weights_, hidden, nullptr, read_);
        step();
        quantise_read(layer, "self_attn.o_proj", runner_.result_size(LayerPart::attend), hidden, original);
        run(LayerPart::add_attended, layer, original_, original, &original_read_, original_next);
        run(LayerPart::add_attended, layer, weights_, hidden, &read_, next);
        step();
        const bool parallel = source_.config.parallel;
        const Activations& fed = parallel ? hidden : next;
        const Activations& original_fed = parallel ? original : original_next;
        run(LayerPart::gate, layer, original_, original_fed, nullptr, original_read_);
        step();
        quantise_normed(LayerPart::norm_mlp, layer, fed, original_fed, mlp_inputs());
        step();
        run(LayerPart::gate, layer, weights_, fed, nullptr, read_);
        step();
        quantise_read(layer, "mlp.down_proj", source_.config.intermediate_size, next, original_next);
        run(LayerPart::add_fed, layer, original_, original_next, &original_read_, original_next);
        run(LayerPart::add_fed, layer, weights_, next, &read_, next);
        next.sync();
        original_next.sync();
        kept_.keep(layer, targets_of(layer), std::move(reports_));
        step();
    }

    std::vector<std::string> mlp_inputs() const {
        if (!source_.config.gated) return {"mlp.up_proj"};
        return {"mlp.gate_proj", "mlp.up_proj"};
    }

    // `read` arrays are as wide as the widest; a part's rows lie close in them.
    void run(LayerPart part, int64_t layer, const LayerWeights& weights, const Activations& hidden,
             const Activations* read, Activations& result) {
        const int64_t size = runner_.result_size(part);
        const bool attends = part == LayerPart::add_attended;
        const int64_t read_size = runner_.result_size(attends ? LayerPart::attend : LayerPart::gate);
        std::vector<float> out(batch_.rows() * static_cast<size_t>(size));  // `hidden` may be the result
        for (int64_t row = 0; row < rows_; row += static_cast<int64_t>(batch_.rows())) {
            check_interrupted();
            runner_.run(part, layer, weights, hidden.row(row),
                        read == nullptr ? nullptr : read->row(0) + row * read_size, out.data());
            std::copy(out.begin(), out.end(), result.row(0) + row * size);
        }
    }

    void quantise_normed(LayerPart part, int64_t layer, const Activations& hidden,
                         const Activations& original, const std::vector<std::string>& modules) {
        InputStatistics statistics(source_.config.hidden_size);
        const auto count = static_cast<int64_t>(batch_.rows());
        std::vector<float> x(batch_.rows() * static_cast<size_t>(source_.config.hidden_size));
        std::vector<float> original_x(x.size());
        for (int64_t row = 0; row < seen_rows_; row += count) {
            check_interrupted();
            runner_.run(part, layer, weights_, hidden.row(row), nullptr, x.data());
            runner_.run(part, layer, original_, original.row(row), nullptr, original_x.data());
            statistics.add(x.data(), original_x.data(), count);
        }
        quantise(layer, modules, statistics);
    }

    // A matrix whose result goes to the stream, where it also makes up for what the stream lacks.
    void quantise_read(int64_t layer, const std::string& name, int64_t size, const Activations& hidden,
                       const Activations& original) {
        InputStatistics statistics(size);
        const auto count = static_cast<int64_t>(batch_.rows());
        std::vector<float> lack(batch_.rows() * static_cast<size_t>(source_.config.hidden_size));
        for (int64_t row = 0; row < seen_rows_; row += count) {
            check_interrupted();
            const float* const x = read_.row(0) + row * size;
            statistics.add(x, original_read_.row(0) + row * size, count);
            for (size_t i = 0; i < lack.size(); ++i)
                lack[i] = original.row(row)[i] - hidden.row(row)[i];
            statistics.add_lack(x, lack.data(), count, source_.config.hidden_size);
        }
        quantise(layer, {name}, statistics);
    }

    void run_head() {
        const int64_t layers = source_.config.layer_count();
        const Activations hidden = kept_file("hidden", layers);
        const Activations original = kept_file("original_hidden", layers);
        weights_.clear();
        original_.clear();
        const auto report =
            calibrate_head(source_, effort_, {hidden, original, seen_rows_, batch_}, [this](double share) {
                check_interrupted();
                reporter_.advance(steps_ + static_cast<uint64_t>(share * kSteps));
            });
        kept_.keep(layers, targets_of(layers), {report});
    }

    // The head over what both models have come to.
    void judge() {
        const ModelConfig& config = source_.config;
        const bool mixes = source_.stored.contains(kHeadMixName);
        const auto length = static_cast<int64_t>(batch_.tokens);
        HeadRunner head(config, mixes, batch_.tokens);
        const LayerWeights original = head.weights(source_.read);
        const LayerWeights stored =
            head.weights([&](const std::string& name, float* out) { load(name, out); });
        const Activations hidden = kept_file("hidden", config.layer_count());
        const Activations original_hidden = kept_file("original_hidden", config.layer_count());
        LogitComparison comparison(config.vocab_size);
        for (int64_t row = seen_rows_; row < rows_; row += length) {
            check_interrupted();
            const auto expected = head.logits(original, original_hidden.row(row));
            comparison.add(expected, head.logits(stored, hidden.row(row)));
        }
        report_.held_out = comparison.result();
    }

    struct RowsOfMatrix {
        std::string name;
        int64_t begin;
        int64_t end;
    };

    // Matrices that read the same.
    void quantise(int64_t layer, const std::vector<std::string>& modules, InputStatistics& statistics) {
        std::vector<RowsOfMatrix> items;
        std::vector<std::string> names;
        for (const auto& module : modules) {
            const std::string name = module + ".weight";
            const auto& tensor = source_.stored.at(layer_prefix(layer) + name);
            if (!source_.targets.contains(tensor.name)) continue;
            names.push_back(name);
            for (int64_t row = 0; row < tensor.rows; row += kGptqRows)
                items.push_back({name, row, std::min(row + kGptqRows, tensor.rows)});
        }
        if (names.empty()) return;
        double damping = 0;
        const bool sees_enough = statistics.settle(damping);
        std::map<std::string, RowsError> errors;
        std::mutex mutex;
        parallel_for(
            items.size(),
            [&](size_t i) {
                const auto& item = items[i];
                const RowsError error = quantise_item(layer, item, statistics, sees_enough);
                const std::lock_guard lock(mutex);
                errors[item.name] += error;
            },
            [](size_t) { check_interrupted(); }, kMostCallers);
        for (const auto& name : names) {
            reports_.push_back(
                {layer_prefix(layer) + name, errors.at(name).relative(), damping, !sees_enough});
            load(layer_prefix(layer) + name, weights_.data(name));
        }
    }

    RowsError quantise_item(int64_t layer, const RowsOfMatrix& item, const InputStatistics& statistics,
                            bool sees_enough) {
        const std::string full = layer_prefix(layer) + item.name;
        const auto& tensor = source_.stored.at(full);
        const float* const from = original_.data(item.name) + item.begin * tensor.columns;
        std::vector<float> w(from, from + (item.end - item.begin) * tensor.columns);
        return calibrate_rows(tensor, source_.targets.at(full), effort_, sees_enough ? &statistics : nullptr,
                              item.begin, std::move(w));
    }

    const CalibrationSource& source_;
    GptqEffort effort_;
    KeptWork& kept_;
    Reporter& reporter_;
    Batch batch_;
    int64_t rows_;
    int64_t seen_rows_;  // the first ones: those behind them are judged by
    LayerRunner runner_;
    Activations read_;  // what an output or a down projection reads
    Activations original_read_;
    LayerWeights weights_;
    LayerWeights original_;
    std::vector<MatrixReport> reports_;  // of this layer
    CalibrationReport report_;
    uint64_t steps_ = 0;
};

}  // namespace

CalibrationReport calibrate(const CalibrationSource& source, const CalibrationTokens& tokens,
                            const GptqEffort& effort, KeptWork& kept, Reporter& reporter) {
    for (const int64_t id : tokens.ids)
        if (id < 0 || id >= source.config.vocab_size)
            fail(ErrorCode::invalid_input, "token {} to calibrate on is none of the model's {}", id,
                 source.config.vocab_size);
    return Calibrator(source, tokens, effort, kept, reporter).run();
}

}  // namespace ovenbird
