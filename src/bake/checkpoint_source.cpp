#include <fmt/format.h>

#include "bake/calibration.hpp"
#include "bake/compress.hpp"
#include "bake/decoder_source.hpp"
#include "bake/forms/ir_file.hpp"
#include "bake/forms/passes.hpp"
#include "bake/graph/decoder.hpp"
#include "bake/graph/embedder.hpp"
#include "bake/ir_source.hpp"
#include "bake/plan_embedder.hpp"
#include "base/stand_in.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// Weights compressed straight into the file that all forms share, and the decoder over it.
class CheckpointSource : public DecoderSource {
public:
    explicit CheckpointSource(const fs::path& source) : checkpoint_(open_checkpoint(source)) {}

    const char* kind() const override { return checkpoint_->kind(); }
    BakePlan plan(const BakeOptions& options) const override {
        return checkpoint_->embedder() ? make_embedder_plan(*checkpoint_, options)
                                       : make_plan(*checkpoint_, options);
    }
    std::vector<fs::path> files() const override { return checkpoint_->files(); }
    std::vector<std::string> write_text_files(const fs::path& folder) const override {
        return checkpoint_->write_text_files(folder);
    }

    WrittenDecoder write_decoder(const BakePlan& plan, const BakeOptions& options, const fs::path& folder,
                                 const fs::path& kept, Manifest& manifest,
                                 Reporter& reporter) const override {
        const fs::path bin = folder / kModelBinName;
        const auto weights = compress_weights(plan, options, bin, reporter);
        if (plan.exact && options.forward_check != "off")
            manifest.verification["rotation"] = prove_exact(plan, weights.tensors, reporter);
        if (plan.calibration)
            manifest.quantization["calibration"] = calibrate_weights(
                *checkpoint_, plan, options, weights, folder.parent_path(), kept, manifest, reporter);
        record(plan, weights.relative_error, manifest);
        const uint64_t weight_bytes = fs::file_size(bin);
        const auto write = [&](int64_t scale_factor) {
            fs::resize_file(bin, weight_bytes);  // without the constants of a decoder before
            const auto decoder = plan.embedder ? build_embedder(plan.embedder->body, plan.embedder->modules,
                                                                weights.tensors, scale_factor)
                                               : build_decoder(plan.config, weights.tensors, scale_factor);
            unique_names(decoder);
            write_ir(decoder, folder / kModelXmlName, bin, weights.file->bytes());
        };
        WrittenDecoder written{std::max<int64_t>(options.activations_scale_factor, 1), nullptr};
        write(written.scale_factor);
        if (plan.embedder || options.forward_check == "off") return written;
        // The factor is exact: scaled or not, the decoder says the same.
        written.answers = std::make_unique<DecoderAnswers>(folder / kModelXmlName, plan.forms.seq_len);
        const OverflowWatch& ranges = written.answers->ranges();
        if (options.activations_scale_factor != 0 || ranges.factor() == 1) return written;
        written.scale_factor = ranges.factor();
        reporter.note(
            fmt::format("{} reaches {:.4g}, and an NPU computes in f16, which ends at 65504: what the layers "
                        "add up is divided "
                        "by {}, which changes no answer",
                        ranges.largest_node(), ranges.largest(), written.scale_factor));
        write(written.scale_factor);
        return written;
    }

private:
    static void record(const BakePlan& plan, double relative_error, Manifest& manifest) {
        std::map<std::string, int64_t> forms;
        bool blocks = false;
        for (const auto& tensor : plan.tensors) {
            forms[store_name(tensor)] += tensor.rows * tensor.columns;
            blocks =
                blocks || tensor.source->packed != nullptr || block_layout(tensor.source->type).elements > 1;
        }
        manifest.quantization["weights_by_form"] = forms;
        manifest.quantization["source_blocks_requantised"] = blocks;
        manifest.quantization["relative_error"] = relative_error;
    }

    std::unique_ptr<Checkpoint> checkpoint_;
};

}  // namespace

std::unique_ptr<DecoderSource> open_source(const fs::path& source) {
    refuse_stand_ins(source);
    if (auto ir = open_ir_source(source)) return ir;
    return std::make_unique<CheckpointSource>(source);
}

}  // namespace ovenbird
