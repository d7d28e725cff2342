#pragma once
// How GGUF spells architectures and tensors, in Hugging Face's words.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ovenbird {

/// One row of the table of GGUF architectures that Ovenbird bakes.
struct GgufArchitecture {
    const char* name;        // general.architecture
    const char* model_type;  // config.json
    /// llama's converter reorders query and key rows for ggml's rotary embedding; those of the qwen family do
    /// not.
    bool interleaves_heads;
};

std::span<const GgufArchitecture> gguf_architectures();

/// Errors: unsupported, with the list of known ones.
const GgufArchitecture& gguf_architecture(std::string_view name, const std::string& origin);

enum class GgufTensorUse {
    tensor,  // `name` is its Hugging Face spelling
    skip,    // a table that the graph computes itself
    unknown
};

struct GgufTensorName {
    GgufTensorUse use = GgufTensorUse::unknown;
    std::string name;
    bool query = false;  // attn_q, weight or bias
    bool key = false;    // attn_k, likewise
};

/// "blk.3.attn_q.weight" to "model.layers.3.self_attn.q_proj.weight".
GgufTensorName gguf_tensor_name(std::string_view name);

}  // namespace ovenbird
