#pragma once
// How GGUF spells tensors, in Hugging Face's words, and the row of a file's architecture.

#include <span>
#include <string>
#include <string_view>

#include "bake/arch/architecture.hpp"

namespace ovenbird {

/// The row of general.architecture. Errors: unsupported, with the list of known ones.
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

/// "blk.3.attn_q.weight" to "model.layers.3.self_attn.q_proj.weight"; `own`: modules that the family names
/// otherwise.
GgufTensorName gguf_tensor_name(std::string_view name, std::span<const GgufName> own = {});

}  // namespace ovenbird
