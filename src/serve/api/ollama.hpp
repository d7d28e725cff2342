#pragma once
// Ollama's API to chat (POST /api/chat) and to go on with a text (POST /api/generate): its requests, answers
// and streams, a JSON object a line. https://github.com/ollama/ollama/blob/main/docs/api.md

#include "serve/api/call.hpp"

namespace ovenbird {

/// A request of Ollama's. Without messages, or without a prompt, nothing is answered: the model is opened, or
/// ended where Call::keep_alive_s is 0.
struct OllamaCall {
    Call call{};
    bool answers = true;
};

/// Errors: ApiError 400, naming the field.
OllamaCall read_ollama_chat(const Json& request);
OllamaCall read_ollama_generate(const Json& request);

/// "keep_alive" in seconds, as Call::keep_alive_s. Errors: ApiError 400.
std::optional<int64_t> read_ollama_keep_alive(const class Fields& fields);

/// "model", or "name" as it once was. Errors: ApiError 400.
std::string read_ollama_model(const Json& request);

const ApiFormat& ollama_chat_format();
const ApiFormat& ollama_generate_format();

/// What is told when nothing was to be answered; `reason`: "load" or "unload".
Json ollama_opened(const ApiFormat& format, const AnswerFacts& facts, const std::string& reason);

}  // namespace ovenbird
