#pragma once
// What can be told of an offered model without opening it, read from its folder.

#include <cstdint>
#include <string>

#include "serve/shelf.hpp"

namespace ovenbird {

struct ModelCard {
    std::string architecture = "unknown";  // config.json's model_type: "llama"
    std::string source{};                  // of the chat template; empty: there is none
    std::string weights{};                 // "INT4", "F16"; empty: not known
    std::string digest{};                  // BLAKE3 of its ovenbird.json, 64 hexadecimal digits
    int64_t context_tokens = 0;            // 0: not known
    int64_t embedding_length = 0;          // of a model that makes vectors; 0: it writes text
    int64_t parameters = 0;                // 0: not known
    bool takes_tools = false;
    bool thinks = false;
};

/// Of a folder that cannot be read little is known; that is no error.
ModelCard model_card(const OfferedModel& model);

/// "135M", "7.6B"; empty for 0.
std::string parameter_size(int64_t parameters);

}  // namespace ovenbird
