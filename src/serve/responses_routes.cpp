#include "serve/api/fields.hpp"
#include "serve/api/responses.hpp"
#include "serve/routes.hpp"

namespace ovenbird {

std::vector<Route> responses_routes() {
    return {
        {"POST", "/v1/responses",
         [](const Asked& asked) {
             answer_call(asked.serving, read_responses(parse_body(asked.request.body)), responses_format(),
                         asked.reply);
         },
         responses_format()},
    };
}

}  // namespace ovenbird
