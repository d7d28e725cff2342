#pragma once
// What the float source says of given sequences: what a baked model is held against.

#include <filesystem>
#include <memory>
#include <vector>

#include "base/report.hpp"
#include "eval/logit_rows.hpp"

namespace ovenbird {

class SourceLogits {
public:
    virtual ~SourceLogits() = default;
    virtual int64_t vocab_size() const = 0;
    /// Computes what rows() needs of `sequences` (each of a token at least), and keeps what was computed
    /// before. Returns the number of the first. Errors: device, no_space, interrupted.
    virtual size_t run(const std::vector<Sequence>& sequences, Reporter& reporter) = 0;
    /// The logits of all sequences so far, at most kRowsAtOnce rows a call. Must not outlive this.
    virtual LogitRows rows() = 0;
};

/// The source on the CPU in f32. A checkpoint (a Hugging Face folder or a .gguf file) is streamed, see
/// stream_checkpoint(); an OpenVINO IR is one decoder, its weights on the disk of the folder for temporary
/// files while this lives. Errors: those of open_source() and of a bake's stage 1; no_space.
std::unique_ptr<SourceLogits> open_source_logits(const std::filesystem::path& source, Reporter& reporter);

}  // namespace ovenbird
