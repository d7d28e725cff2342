#pragma once
// OpenAI's responses API (POST /v1/responses), without a state: its requests, answers and streams.
// https://platform.openai.com/docs/api-reference/responses

#include "serve/api/call.hpp"

namespace ovenbird {

/// Errors: ApiError 400, naming the field.
Call read_responses(const Json& request);

const ApiFormat& responses_format();

}  // namespace ovenbird
