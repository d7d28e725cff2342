#pragma once
// OpenAI's completions API (POST /v1/completions): a text, or tokens, and how it goes on.
// https://platform.openai.com/docs/api-reference/completions

#include "serve/api/call.hpp"

namespace ovenbird {

/// Errors: ApiError 400, naming the field.
Call read_openai_completion(const Json& request);

const ApiFormat& openai_completions_format();

}  // namespace ovenbird
