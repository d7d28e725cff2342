#pragma once
// Anthropic's messages API (POST /v1/messages): its requests, answers and streams.
// https://docs.anthropic.com/en/api/messages

#include "serve/api/call.hpp"

namespace ovenbird {

/// Errors: ApiError 400, naming the field.
Call read_anthropic(const Json& request);
/// A request of /v1/messages/count_tokens: the same without max_tokens. Errors: as read_anthropic().
Call read_anthropic_count(const Json& request);

const ApiFormat& anthropic_format();

}  // namespace ovenbird
