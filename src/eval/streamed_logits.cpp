#include "eval/streamed_logits.hpp"

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/platform/process.hpp"
#include "base/scratch_folder.hpp"
#include "eval/layer_stream.hpp"
#include "eval/measure_text.hpp"
#include "eval/source_head.hpp"

namespace ovenbird {
namespace {

class StreamedLogits : public SourceLogits {
public:
    explicit StreamedLogits(SourceTensors tensors) : tensors_(std::move(tensors)) {}

    int64_t vocab_size() const override { return tensors_.config().vocab_size; }

    size_t run(const std::vector<Sequence>& sequences, Reporter& reporter) override {
        const size_t first = places_.size();
        if (sequences.empty()) return first;
        std::vector<size_t> lengths;
        Sequence ids;
        std::vector<Place> places;
        for (const auto& sequence : sequences) {
            places.push_back({runs_.size(), static_cast<int64_t>(ids.size())});
            lengths.push_back(sequence.size());
            ids.insert(ids.end(), sequence.begin(), sequence.end());
        }
        check_tokens(ids);
        const int64_t size = tensors_.config().hidden_size;
        const uint64_t row_bytes = static_cast<uint64_t>(size) * sizeof(float);
        const uint64_t head_rows = head_ ? 0 : static_cast<uint64_t>(vocab_size());
        scratch_.check_disk(row_bytes * (ids.size() + head_rows),
                            "what the source's layers give and its head");
        const auto file = scratch_.path() / fmt::format("hidden_{}.f32", runs_.size());
        Activations hidden = Activations::create(file, static_cast<int64_t>(ids.size()), size);
        look_up(ids, hidden);
        LayerStream(tensors_, lengths).run(hidden, reporter);
        runs_.push_back(std::move(hidden));
        places_.insert(places_.end(), places.begin(), places.end());
        return first;
    }

    LogitRows rows() override {
        return {"the source", kRowsAtOnce, vocab_size(),
                [this](size_t sequence, int64_t first_row, int64_t rows) {
                    check_interrupted();
                    if (!head_) head_.emplace(tensors_, scratch_.path() / "head.f32");
                    const Place& place = places_.at(sequence);
                    const Activations& hidden = runs_[place.run];
                    return head_->logits(hidden.row(place.first_row + first_row), rows);
                }};
    }

private:
    struct Place {
        size_t run;
        int64_t first_row;
    };

    void check_tokens(const Sequence& ids) const {
        const auto [least, most] = std::minmax_element(ids.begin(), ids.end());
        if (*least >= 0 && *most < vocab_size()) return;
        fail(ErrorCode::unsupported,
             "the text has the token {} and the source knows {}: only models with the same vocabulary can be "
             "compared",
             *least < 0 ? *least : *most, vocab_size());
    }

    void look_up(const Sequence& ids, Activations& hidden) const {
        const auto factor = static_cast<float>(tensors_.config().embedding_multiplier);
        const int64_t size = tensors_.config().hidden_size;
        parallel_for(ids.size(), [&](size_t i) {
            float* const row = hidden.row(static_cast<int64_t>(i));
            tensors_.read_row(kEmbeddingName, ids[i], row);
            std::transform(row, row + size, row, [&](float value) { return value * factor; });
        });
    }

    ScratchFolder scratch_{"eval"};
    SourceTensors tensors_;
    std::vector<Activations> runs_;  // what the last norm reads
    std::vector<Place> places_;      // of each sequence
    std::optional<SourceHead> head_;
};

}  // namespace

std::unique_ptr<SourceLogits> stream_checkpoint(SourceTensors tensors) {
    return std::make_unique<StreamedLogits>(std::move(tensors));
}

}  // namespace ovenbird
