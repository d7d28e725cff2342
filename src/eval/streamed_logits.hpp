#pragma once
// A checkpoint as a source whose layers are never in memory together.

#include "eval/source_logits.hpp"
#include "eval/source_tensors.hpp"

namespace ovenbird {

/// The checkpoint on the CPU in f32. Each run() reads all of its layers once. On the disk of the folder for
/// temporary files lie hidden_size * 4 bytes a token, and the head's weights as f32, while this lives.
std::unique_ptr<SourceLogits> stream_checkpoint(SourceTensors tensors);

}  // namespace ovenbird
