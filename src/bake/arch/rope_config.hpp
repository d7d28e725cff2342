#pragma once
// The rotary embedding and its scaling, in all of config.json's spellings.

#include "base/json.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// What a scaling is reckoned from besides its own keys.
struct RopeSurroundings {
    double default_theta = 10000.0;  // where config.json lacks rope_theta
    int64_t head_size = 0;
    int64_t max_positions = 0;  // max_position_embeddings, in tokens
    bool partial = false;       // partial_rotary_factor is known: a part of each head is turned
};

/// rope_theta with rope_scaling {type | rope_type, …} of old folders, or rope_parameters of transformers 5:
/// default, linear, dynamic, yarn, longrope, llama3 and proportional, with the defaults of transformers'
/// modeling_rope_utils. "gguf_factors" and "gguf_longrope" are what a GGUF file's metadata become: their
/// factors are tensors. Errors: unsupported (another scaling; a key that Ovenbird does not know, for it may
/// change the result; rotating a part of a head where `partial` is not set), invalid_input (values out of
/// range, lists that do not fit, two scalings).
RopeConfig read_rope(const JsonObject& config, const RopeSurroundings& surroundings);

/// What a person should hear of a scaling that has one table for a bake: which one, and where that differs
/// from transformers. Empty: nothing. rope.sequence must be set.
std::string rope_note(const RopeConfig& rope);

}  // namespace ovenbird
