#pragma once
// A model on the CPU in f32 with exact products: what every other way of computing it is held against.

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "device/device.hpp"
#include "device/embedder.hpp"
#include "device/models.hpp"

namespace ovenbird {

/// The CPU in f32, nothing quantised on the way.
DeviceOptions exact_cpu();

/// Takes a model with the usual inputs (input_ids or inputs_embeds, attention_mask, position_ids, beam_idx,
/// past_key_values.*), static or dynamic; a cache is empty at every run.
class CpuReference {
public:
    /// The IR, and the embedder beside it where it needs one. Errors: not_found, invalid_input, device.
    explicit CpuReference(const std::filesystem::path& model_xml);
    /// A model already read; `model_xml` says beside what an embedder lies.
    CpuReference(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& model_xml);

    /// Runs `ids` at the start of a window of `width` tokens, padded on the right with token 0.
    void run(std::span<const int64_t> ids, size_t width);
    /// The same, and the logits (f32) that follow the last of `ids`.
    std::vector<float> next_logits(std::span<const int64_t> ids, size_t width);
    Tensor output(const std::string& name) { return session_->output(name); }
    const CompiledGraph& graph() const { return *session_; }

private:
    std::unique_ptr<CompiledGraph> session_;
    std::unique_ptr<Embedder> embedder_;
};

}  // namespace ovenbird
