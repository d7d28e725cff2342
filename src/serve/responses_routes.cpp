#include "serve/api/fields.hpp"
#include "serve/api/responses.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

void count_input(const Asked& asked) {
    const Call call = read_responses(parse_body(asked.request.body));
    const TextEvent prompt = worker_text(asked.serving, asked.reply, call.model,
                                         {{"do", order::kRender}, {"ask", to_json(call.ask)}});
    send_json(asked.reply, 200, {{"object", "response.input_tokens"}, {"input_tokens", prompt.ids.size()}});
}

}  // namespace

std::vector<Route> responses_routes() {
    return {
        {"POST", "/v1/responses",
         [](const Asked& asked) {
             answer_call(asked.serving, read_responses(parse_body(asked.request.body)), responses_format(),
                         asked.reply);
         },
         responses_format()},
        {"POST", "/v1/responses/input_tokens", count_input, responses_format()},
    };
}

}  // namespace ovenbird
