#include "serve/tools/formats.hpp"
#include "serve/tools/json_calls.hpp"

namespace ovenbird {

std::unique_ptr<ToolCallReader> make_granite_reader(const Json& tools) {
    CallReader::Opening opening;
    opening.marks = {"<|tool_call|>", "<tool_call>"};
    return std::make_unique<JsonCalls>(tools, opening, std::vector<std::string>{"</tool_call>"});
}

}  // namespace ovenbird
