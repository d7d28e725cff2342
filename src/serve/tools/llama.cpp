#include "serve/tools/formats.hpp"
#include "serve/tools/json_calls.hpp"

namespace ovenbird {

std::unique_ptr<ToolCallReader> make_llama_reader(const Json& tools) {
    CallReader::Opening opening;
    opening.marks = {"<|python_tag|>"};
    opening.bare = true;
    return std::make_unique<JsonCalls>(tools, opening, std::vector<std::string>{}, ';');
}

}  // namespace ovenbird
