#include "eval/source_logits.hpp"

#include <numeric>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "base/scratch_folder.hpp"
#include "device/cpu_reference.hpp"
#include "eval/measure_text.hpp"
#include "eval/streamed_logits.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

Tensor row_of(std::span<const int64_t> values) {
    Tensor tensor(ElementType::i64, {1, values.size()});
    std::copy(values.begin(), values.end(), tensor.data<int64_t>());
    return tensor;
}

// One stateful decoder that is run over a sequence in chunks, and over it anew where an earlier row is asked.
class DecoderLogits : public SourceLogits {
public:
    DecoderLogits(const DecoderSource& from, const BakePlan& plan, const BakeOptions& options,
                  Reporter& reporter) {
        scratch_.check_disk(plan.weights_file_bytes + plan.decoder_bytes, "the source's weights");
        Manifest unused;
        from.write_decoder(plan, options, scratch_.path(), scratch_.path() / "kept", unused, reporter);
        decoder_ = compile_file_on("CPU", scratch_.path() / kModelXmlName, exact_cpu());
        vocab_size_ = decoder_->output_port("logits").shape[2].least;
        Tensor beam(ElementType::i32, {1});
        beam.data<int32_t>()[0] = 0;
        decoder_->set_input("beam_idx", beam);
    }

    int64_t vocab_size() const override { return vocab_size_; }

    size_t run(const std::vector<Sequence>& sequences, Reporter&) override {
        const size_t first = sequences_.size();
        sequences_.insert(sequences_.end(), sequences.begin(), sequences.end());
        return first;
    }

    LogitRows rows() override {
        return {"the source", kRowsAtOnce, vocab_size_,
                [this](size_t sequence, int64_t first_row, int64_t rows) {
                    return read(sequence, first_row, rows);
                }};
    }

private:
    std::span<const float> read(size_t sequence, int64_t first_row, int64_t rows) {
        if (sequence != now_ || first_row < done_) {
            decoder_->reset_state();
            now_ = sequence;
            done_ = 0;
        }
        while (done_ < first_row)
            infer(std::min(kRowsAtOnce, first_row - done_));
        infer(rows);
        const Tensor tensor = decoder_->output("logits");
        read_last_logits(tensor, tensor.shape().at(1), rows, logits_);
        return logits_;
    }

    void infer(int64_t count) {
        check_interrupted();
        const auto begin = static_cast<size_t>(done_);
        const auto tokens = static_cast<size_t>(count);
        std::vector<int64_t> positions(tokens);
        std::iota(positions.begin(), positions.end(), done_);
        decoder_->set_input("input_ids", row_of(std::span(sequences_.at(now_)).subspan(begin, tokens)));
        decoder_->set_input("attention_mask", row_of(std::vector<int64_t>(begin + tokens, 1)));
        decoder_->set_input("position_ids", row_of(positions));
        const size_t sequence = now_;
        now_ = SIZE_MAX;  // until it is done, what the states hold is not known
        const bool finished = decoder_->infer([] { return interrupted(); });
        check_interrupted();
        if (!finished) fail(ErrorCode::internal, "the source's decoder was stopped");
        now_ = sequence;
        done_ += count;
    }

    ScratchFolder scratch_{"eval"};
    std::unique_ptr<CompiledGraph> decoder_;  // let go before its files
    int64_t vocab_size_ = 0;
    std::vector<Sequence> sequences_;
    size_t now_ = SIZE_MAX;  // the sequence in the states
    int64_t done_ = 0;       // its tokens there
    std::vector<float> logits_;
};

}  // namespace

std::unique_ptr<SourceLogits> open_source_logits(const std::filesystem::path& source, Reporter& reporter) {
    auto from = open_source(source);
    BakeOptions options;
    options.source = source;
    options.context = 0;
    options.seq_len = 1;                               // of a window that is not made
    if (from->kind() == std::string_view("openvino"))  // whose weights are kept as they are
        return std::make_unique<DecoderLogits>(*from, from->plan(options), options, reporter);
    options.bits = 16;
    options.rotate = "off";
    BakePlan plan = from->plan(options);
    return stream_checkpoint({std::move(from), std::move(plan)});
}

}  // namespace ovenbird
