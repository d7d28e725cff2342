#pragma once
// OpenAI's chat API (POST /v1/chat/completions): its requests, answers and streams.
// https://platform.openai.com/docs/api-reference/chat

#include "serve/api/call.hpp"

namespace ovenbird {

/// Errors: ApiError 400, naming the field.
Call read_openai_chat(const Json& request);

const ApiFormat& openai_chat_format();

/// What all of OpenAI's APIs say of an error: {"error": {message, type, param, code}}.
Json openai_error(const ApiError& error);
/// "usage" of an answer.
Json openai_usage(const Usage& usage);
/// llama.cpp's "timings".
Json openai_timings(const Finish& finish);

// Shared with the completions API.

/// The last chunk of a stream, made of an empty one: no choice, and what the answers took.
Json openai_usage_chunk(Json frame, const Usage& all, const Finish& last);

/// max_tokens, temperature, top_p, stop, seed, penalties, logit_bias, and the extensions of other servers.
void read_openai_sampling(const class Fields& fields, Call& call);
/// A token as "logprobs" has it: {"token", "logprob", "bytes"}.
Json openai_token(const std::string& text, double log_probability);
const char* openai_finish_reason(End end);

}  // namespace ovenbird
