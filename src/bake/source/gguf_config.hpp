#pragma once
// A GGUF file's metadata as the config.json of the folder it was made from.

#include "bake/source/gguf_header.hpp"
#include "bake/source/gguf_names.hpp"
#include "base/json.hpp"

namespace ovenbird {

/// model_type, hidden_size, … as transformers spells them, from the metadata and from which tensors are there
/// (tied embeddings, biases). Two things Hugging Face has no word for: a rope_freqs.weight tensor
/// (llama 3.1's scaling, evaluated) becomes "rope_scaling": {"rope_type": "gguf_factors"}, and the tensor
/// keeps its name ("gguf_longrope" likewise, for rope_factors_long and _short); and a llama with a sliding
/// window becomes model_type "mistral", which is that. Errors: invalid_input; unsupported (experts,
/// embedders, scalings and other features that the known architectures lack).
Json make_gguf_config(const GgufHeader& header, const GgufArchitecture& architecture);

}  // namespace ovenbird
