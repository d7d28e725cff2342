#pragma once
// What a bake is made from, up to the one dynamic decoder that all forms come of (stage 1).

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bake/decoder_answers.hpp"
#include "bake/plan.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// The decoder that stage 1 wrote.
struct WrittenDecoder {
    int64_t scale_factor = 1;                 // what its residual stream is divided by
    std::unique_ptr<DecoderAnswers> answers;  // what it says, where that was asked already; else null
};

class DecoderSource {
public:
    virtual ~DecoderSource() = default;
    /// "huggingface", "gguf" or "openvino".
    virtual const char* kind() const = 0;
    /// Every decision. Reads no weights (but for samples, when 0 < ratio < 1). Errors: usage for options that
    /// this source cannot honour; invalid_input, unsupported.
    virtual BakePlan plan(const BakeOptions& options) const = 0;
    /// The files that the weights come from.
    virtual std::vector<std::filesystem::path> files() const = 0;
    /// Tokenizer and configuration files into `folder`; returns their names.
    virtual std::vector<std::string> write_text_files(const std::filesystem::path& folder) const = 0;
    /// Stage 1: writes the decoder (as build_decoder() gives it) into `folder`, its weights as `plan` says,
    /// and notes in the manifest how they were quantised. `kept`: a folder, to be made, for what a bake that
    /// is cut short leaves to the next one. Errors: as compress_weights().
    virtual WrittenDecoder write_decoder(const BakePlan& plan, const BakeOptions& options,
                                         const std::filesystem::path& folder,
                                         const std::filesystem::path& kept, Manifest& manifest,
                                         Reporter& reporter) const = 0;
};

/// An OpenVINO IR (an .xml file, or a folder with openvino_model.xml and no safetensors), a Hugging Face
/// folder or a .gguf file. Errors: as open_checkpoint() and read_ir().
std::unique_ptr<DecoderSource> open_source(const std::filesystem::path& source);

}  // namespace ovenbird
