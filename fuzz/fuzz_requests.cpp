// Any bytes as a request of an API, or as a message between server and worker: an error that names a field,
// or a value that passes through the wire unchanged. The first byte says as what.

#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "serve/api/anthropic.hpp"
#include "serve/api/fields.hpp"
#include "serve/api/ollama.hpp"
#include "serve/api/openai_chat.hpp"
#include "serve/api/openai_completions.hpp"
#include "serve/api/responses.hpp"
#include "serve/wire/ask.hpp"
#include "serve/wire/event.hpp"
#include "serve/wire/load.hpp"

namespace {

using ovenbird::Json;

void expect_same(const ovenbird::Ask& ask) {
    const Json sent = to_json(ask);
    if (to_json(ovenbird::ask_from_json(sent)) != sent) std::abort();
}

void read(uint8_t as, std::string_view bytes) {
    switch (as % 8) {
        case 0:
            return expect_same(ovenbird::read_openai_chat(ovenbird::parse_body(bytes)).ask);
        case 1:
            return expect_same(ovenbird::read_openai_completion(ovenbird::parse_body(bytes)).ask);
        case 2:
            return expect_same(ovenbird::read_responses(ovenbird::parse_body(bytes)).ask);
        case 3:
            return expect_same(ovenbird::read_anthropic(ovenbird::parse_body(bytes)).ask);
        case 4:
            return expect_same(ovenbird::read_ollama_chat(ovenbird::parse_body(bytes)).call.ask);
        case 5:
            return expect_same(ovenbird::read_ollama_generate(ovenbird::parse_body(bytes)).call.ask);
        case 6: {
            const Json sent = to_json(ovenbird::event_from_json(ovenbird::parse_json(bytes, "fuzz")));
            if (to_json(ovenbird::event_from_json(sent)) != sent) std::abort();
            return;
        }
        default:
            (void)ovenbird::load_from_json(ovenbird::parse_json(bytes, "fuzz"));
            return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    try {
        read(data[0], std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
    } catch (const ovenbird::ApiError& error) {
        if (error.status >= 500) std::abort();
    } catch (const ovenbird::Error& error) {
        if (error.code() == ovenbird::ErrorCode::internal) std::abort();
    }
    return 0;
}
