#include "serve/tools/formats.hpp"
#include "serve/tools/json_calls.hpp"

namespace ovenbird {

// The second mark is what Microsoft's own template makes the model write.
std::unique_ptr<ToolCallReader> make_phi4_reader(const Json& tools) {
    CallReader::Opening opening;
    opening.marks = {"functools[", "<|tool_call|>"};
    return std::make_unique<JsonCalls>(tools, opening, std::vector<std::string>{"<|/tool_call|>"});
}

}  // namespace ovenbird
