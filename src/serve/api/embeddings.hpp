#pragma once
// Vectors of texts: OpenAI's API (POST /v1/embeddings), Ollama's (POST /api/embed) and the one that Ollama
// had before (POST /api/embeddings). https://platform.openai.com/docs/api-reference/embeddings

#include "serve/api/call.hpp"
#include "serve/wire/embed.hpp"

namespace ovenbird {

struct EmbedCall {
    std::string model{};
    EmbedAsk ask{};  // without inputs: the model is opened, and that is all
    bool base64 = false;
    std::optional<int64_t> keep_alive_s{};  // negative: for ever; 0: unload when done
};

struct EmbedAnswer {
    std::vector<std::vector<float>> vectors{};  // one for each input
    int64_t tokens = 0;                         // of all inputs
    double load_ms = 0;                         // to open the model, where it was not
    double total_ms = 0;
};

/// An API's way to ask for vectors and to give them.
struct EmbedFormat {
    /// Errors: ApiError 400, naming the field.
    EmbedCall (*read)(const Json& request);
    Json (*whole)(const EmbedCall& call, const EmbedAnswer& answer);
    Json (*error)(const ApiError& error);
};

const EmbedFormat& openai_embeddings_format();
const EmbedFormat& ollama_embed_format();
const EmbedFormat& ollama_embeddings_format();

/// Numbers as clients of OpenAI take them packed: 32 bits each, the lowest byte first, in base64.
std::string packed_base64(const std::vector<float>& values);

}  // namespace ovenbird
