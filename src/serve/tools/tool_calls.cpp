#include "serve/tools/tool_calls.hpp"

#include "base/error.hpp"

namespace ovenbird {

std::vector<std::string> tool_format_names() {
    return {};
}

std::string tool_format_of(std::string_view) {
    return "";
}

std::unique_ptr<ToolCallReader> make_tool_call_reader(const std::string& format, const Json&) {
    fail(ErrorCode::usage, "no format of tool calls is called '{}'", format);
}

std::string tool_grammar(const std::string& format, const Json&, const ToolChoice&) {
    fail(ErrorCode::unsupported, "the format '{}' has no grammar", format);
}

}  // namespace ovenbird
