#include "serve/api/anthropic.hpp"
#include "serve/api/fields.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

void count_tokens(const Asked& asked) {
    Call call = read_anthropic_count(parse_body(asked.request.body));
    if (call.tool_choice.kind == ToolChoice::Kind::none) call.ask.tools = nullptr;
    const TextEvent prompt = worker_text(asked.serving, asked.reply, call.model,
                                         {{"do", order::kRender}, {"ask", to_json(call.ask)}});
    send_json(asked.reply, 200, {{"input_tokens", prompt.ids.size()}});
}

}  // namespace

std::vector<Route> anthropic_routes() {
    const auto& format = anthropic_format();
    return {
        {"POST", "/v1/messages",
         [](const Asked& asked) {
             answer_call(asked.serving, read_anthropic(parse_body(asked.request.body)), anthropic_format(),
                         asked.reply);
         },
         format},
        {"POST", "/v1/messages/count_tokens", count_tokens, format},
    };
}

}  // namespace ovenbird
