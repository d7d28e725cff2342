#pragma once
// A sound config.json of any family, and what is asked of it.

#include <string>
#include <vector>

#include "bake/arch/architecture.hpp"
#include "base/error.hpp"

namespace ovenbird {

inline Json sound_config(const char* type) {
    return Json{{"model_type", type},
                {"hidden_size", 64},
                {"intermediate_size", 128},
                {"num_hidden_layers", 3},
                {"num_attention_heads", 4},
                {"num_key_value_heads", 2},
                {"max_position_embeddings", 256},
                {"head_dim", 16},
                {"vocab_size", 100},
                {"rms_norm_eps", 1e-5},
                {"rope_theta", 20000.0},
                // granitemoehybrid without what it is named after
                {"num_local_experts", 0},
                {"layers_block_type", {"attention", "attention", "attention"}}};
}

inline std::vector<int64_t> windows_of(const Json& config) {
    std::vector<int64_t> windows;
    for (const auto& layer : read_model_config(config, "c").layers)
        windows.push_back(layer.sliding_window);
    return windows;
}

inline std::vector<int> rotary_layers(const Json& config) {
    std::vector<int> rotary;
    for (const auto& layer : read_model_config(config, "c").layers)
        rotary.push_back(layer.rotary ? 1 : 0);
    return rotary;
}

inline std::string refusal(const Json& config) {
    try {
        read_model_config(config, "config.json");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

}  // namespace ovenbird
