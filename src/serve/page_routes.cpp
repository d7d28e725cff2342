#include "serve/api/openai_chat.hpp"
#include "serve/page.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

// A browser gets the page; clients of Ollama look here for its one sentence.
void first_page(const Asked& asked) {
    const bool wants_page = asked.request.header("accept").find("text/html") != std::string::npos;
    HttpHeaders headers{
        {"content-type", wants_page ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"},
        {"vary", "accept"},
        {"x-content-type-options", "nosniff"},
        {"referrer-policy", "no-referrer"}};
    if (wants_page) {
        headers.emplace_back("content-security-policy", page_policy());
        headers.emplace_back("cache-control", "no-cache");
    }
    if (asked.reply.begin(200, headers)) asked.reply.send(wants_page ? page_html() : "Ollama is running");
}

}  // namespace

std::vector<Route> page_routes() {
    return {{"GET", "/", first_page, openai_chat_format()}};
}

}  // namespace ovenbird
