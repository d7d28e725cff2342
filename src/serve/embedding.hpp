#pragma once
// How a request for vectors is answered, and which of the offered models make them.

#include "serve/api/embeddings.hpp"
#include "serve/serving.hpp"

namespace ovenbird {

bool is_embedder(const OfferedModel& model);

/// What a model can do, as Ollama names it: "embedding", or "completion".
const char* capability(const OfferedModel& model);

/// Errors: ApiError 400 for an embedding model, where text is wanted; it says what to ask instead.
void need_text_model(const OfferedModel& model);

/// Answers a call in whole and counts it. What goes wrong is told in the API's own form.
void answer_embedding(const Serving& serving, const EmbedCall& call, const EmbedFormat& format,
                      HttpReply& reply);

}  // namespace ovenbird
