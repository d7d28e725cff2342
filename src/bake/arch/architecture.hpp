#pragma once
// The table of model families Ovenbird bakes: one row and one small file each.

#include <span>

#include "base/json.hpp"
#include "model/config.hpp"

namespace ovenbird {

struct Architecture {
    const char* model_type;  // config.json's model_type
    ModelConfig (*read_config)(const JsonObject& config);
};

/// All rows, in alphabetical order.
std::span<const Architecture> architectures();

/// Reads and validates a config.json by its model_type. Errors: unsupported (names the type and lists the
/// known ones; already quantised checkpoints; other activations or rope scalings), invalid_input.
ModelConfig read_model_config(const Json& config, const std::string& origin);

// The rows' readers, each in its own file.
ModelConfig read_llama_config(const JsonObject& config);
ModelConfig read_mistral_config(const JsonObject& config);
ModelConfig read_qwen2_config(const JsonObject& config);
ModelConfig read_qwen3_config(const JsonObject& config);

}  // namespace ovenbird
