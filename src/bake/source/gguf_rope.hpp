#pragma once
// How a GGUF file's metadata tell a rope scaling, as config.json's rope_scaling.

#include <string>

#include "bake/source/gguf_metadata.hpp"
#include "base/json.hpp"

namespace ovenbird {

/// Which tensors of factors the file has.
struct GgufRopeTensors {
    bool freqs = false;       // rope_freqs.weight
    bool both_lists = false;  // rope_factors_short.weight and rope_factors_long.weight
};

/// rope_scaling as transformers spells it, from `architecture`.rope.scaling.*; null: there is none. Linear
/// and yarn become what they are; factors that are tensors become rope_type "gguf_factors" and
/// "gguf_longrope". Errors: unsupported (another type, a key that changes the result and is not known, two
/// scalings at once), invalid_input.
Json gguf_rope_scaling(const GgufMetadata& metadata, const std::string& architecture,
                       const GgufRopeTensors& tensors);

}  // namespace ovenbird
