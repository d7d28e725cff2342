#include "serve/api/fields.hpp"
#include "serve/api/ollama.hpp"
#include "serve/api/openai_chat.hpp"
#include "serve/embedding.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

template <const EmbedFormat& (*format)()>
void answer(const Asked& asked) {
    answer_embedding(asked.serving, format().read(parse_body(asked.request.body)), format(), asked.reply);
}

}  // namespace

std::vector<Route> embedding_routes() {
    return {
        {"POST", "/v1/embeddings", answer<openai_embeddings_format>, openai_chat_format()},
        {"POST", "/api/embed", answer<ollama_embed_format>, ollama_chat_format()},
        {"POST", "/api/embeddings", answer<ollama_embeddings_format>, ollama_chat_format()},
    };
}

}  // namespace ovenbird
