#include "eval/layer_stream.hpp"

#include <algorithm>

#include "bake/graph/inventory.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

// With as many tokens as heads, a static layer's attention comes out wrong where the CPU device makes one
// kernel of it and of the transposition behind it (its snippets; OpenVINO 2026.4).
size_t harmless_length(size_t tokens, const ModelConfig& config) {
    return tokens == static_cast<size_t>(config.heads) ? tokens + 1 : tokens;
}

}  // namespace

LayerStream::LayerStream(const SourceTensors& tensors, const std::vector<size_t>& lengths)
    : tensors_(tensors), lengths_(lengths) {
    const ModelConfig& config = tensors.config();
    const StoredTensors shared = tensors.of_no_layer();
    for (const size_t length : lengths) {
        first_rows_.push_back(rows_);
        rows_ += static_cast<int64_t>(length);
    }
    const Batch fed{1, std::clamp<size_t>(static_cast<size_t>(rows_), 1, kRowsOfCall)};
    feeder_ = std::make_unique<LayerRunner>(config, shared, fed);
    size_t most_rows = fed.rows();
    for (auto& batches : padded_batches(lengths)) {
        batches.tokens = harmless_length(batches.tokens, config);
        const Batch batch{batches.at_once, batches.tokens};
        most_rows = std::max(most_rows, batch.rows());
        attentions_.push_back({std::move(batches), std::make_unique<LayerRunner>(config, shared, batch)});
    }
    const auto hidden = static_cast<size_t>(config.hidden_size);
    const auto heads = static_cast<size_t>(config.heads * config.head_size);
    in_.resize(most_rows * hidden);
    out_.resize(most_rows * hidden);
    const auto wide = static_cast<size_t>(config.intermediate_size);
    read_.resize(std::max(most_rows * heads, (config.parallel ? most_rows : fed.rows()) * wide));
}

void LayerStream::step() {
    check_interrupted();
    reporter_->advance(++steps_);
}

void LayerStream::run(Activations& hidden, Reporter& reporter) {
    reporter_ = &reporter;
    const auto chunk = static_cast<int64_t>(feeder_->batch().rows());
    auto steps = static_cast<uint64_t>(1);
    if (!tensors_.config().parallel) steps += static_cast<uint64_t>((rows_ + chunk - 1) / chunk);
    for (const auto& attention : attentions_)
        steps += attention.batches.calls();
    const int64_t layers = tensors_.config().layer_count();
    reporter.begin("layers of the source", steps * static_cast<uint64_t>(layers), WorkUnit::steps);
    for (int64_t layer = 0; layer < layers; ++layer) {
        load(layer);
        for (auto& attention : attentions_)
            attend(attention, layer, hidden);
        if (!tensors_.config().parallel) feed(layer, hidden);
    }
    reporter.end();
}

// Into the same memory for every layer: the graphs' requests hold on to it.
void LayerStream::load(int64_t layer) {
    const std::string prefix = layer_prefix(layer);
    for (const auto& tensor : required_tensors(tensors_.config())) {
        if (!tensor.name.starts_with(prefix)) continue;
        const std::string name = tensor.name.substr(prefix.size());
        float* const values =
            layer == 0 ? weights_.add(name, tensor.rows, tensor.columns, tensor.role == TensorRole::vector)
                       : weights_.data(name);
        tensors_.read(tensor.name, values);
    }
    step();
}

void LayerStream::attend(Attention& attention, int64_t layer, Activations& hidden) {
    const auto& batches = attention.batches;
    const auto width = static_cast<size_t>(tensors_.config().hidden_size);
    const size_t padded = batches.tokens * width;  // values of a sequence
    for (size_t first = 0; first < batches.sequences.size(); first += batches.at_once) {
        const size_t count = std::min(batches.at_once, batches.sequences.size() - first);
        std::fill(in_.begin(), in_.end(), 0.0F);
        for (size_t i = 0; i < count; ++i) {
            const size_t sequence = batches.sequences[first + i];
            std::copy_n(hidden.row(first_rows_[sequence]), lengths_[sequence] * width, &in_[i * padded]);
        }
        attention.runner->run(LayerPart::attend, layer, weights_, in_.data(), nullptr, read_.data());
        attention.runner->run(LayerPart::add_attended, layer, weights_, in_.data(), read_.data(),
                              out_.data());
        if (tensors_.config().parallel) {
            attention.runner->run(LayerPart::gate, layer, weights_, in_.data(), nullptr, read_.data());
            attention.runner->run(LayerPart::add_fed, layer, weights_, out_.data(), read_.data(), in_.data());
            in_.swap(out_);
        }
        for (size_t i = 0; i < count; ++i) {
            const size_t sequence = batches.sequences[first + i];
            std::copy_n(&out_[i * padded], lengths_[sequence] * width, hidden.row(first_rows_[sequence]));
        }
        step();
    }
}

void LayerStream::feed(int64_t layer, Activations& hidden) {
    const auto width = static_cast<size_t>(tensors_.config().hidden_size);
    const auto chunk = static_cast<int64_t>(feeder_->batch().rows());
    for (int64_t row = 0; row < rows_; row += chunk) {
        const size_t values = static_cast<size_t>(std::min(chunk, rows_ - row)) * width;
        std::copy_n(hidden.row(row), values, in_.data());
        std::fill(in_.begin() + static_cast<std::ptrdiff_t>(values), in_.end(), 0.0F);
        feeder_->run(LayerPart::gate, layer, weights_, in_.data(), nullptr, read_.data());
        feeder_->run(LayerPart::add_fed, layer, weights_, in_.data(), read_.data(), out_.data());
        std::copy_n(out_.data(), values, hidden.row(row));
        step();
    }
}

}  // namespace ovenbird
