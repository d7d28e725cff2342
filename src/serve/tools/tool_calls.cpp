#include "serve/tools/tool_calls.hpp"

#include <array>

#include "base/error.hpp"
#include "serve/tools/formats.hpp"

namespace ovenbird {
namespace {

struct ToolFormat {
    const char* name;
    std::unique_ptr<ToolCallReader> (*make_reader)(const Json& tools);
};

constexpr std::array kFormats{
    ToolFormat{"hermes", make_hermes_reader},   ToolFormat{"qwen3_coder", make_qwen3_coder_reader},
    ToolFormat{"llama", make_llama_reader},     ToolFormat{"mistral", make_mistral_reader},
    ToolFormat{"phi4", make_phi4_reader},       ToolFormat{"deepseek", make_deepseek_reader},
    ToolFormat{"granite", make_granite_reader}, ToolFormat{"gemma", make_gemma_reader},
    ToolFormat{"lfm2", make_lfm2_reader},
};

}  // namespace

std::vector<std::string> tool_format_names() {
    std::vector<std::string> names;
    names.reserve(kFormats.size());
    for (const auto& format : kFormats)
        names.emplace_back(format.name);
    return names;
}

std::vector<std::string> all_tool_marks() {
    return {"<tool_call>",
            "</tool_call>",
            "<|python_tag|>",
            "[TOOL_CALLS]",
            "[ARGS]",
            "[CALL_ID]",
            "<|tool_call|>",
            "<|/tool_call|>",
            "<|tool_call_start|>",
            "<|tool_call_end|>",
            "<｜tool▁calls▁begin｜>",
            "<｜tool▁call▁begin｜>",
            "<｜tool▁sep｜>",
            "<｜tool▁call▁end｜>",
            "<｜tool▁calls▁end｜>"};
}

std::unique_ptr<ToolCallReader> make_tool_call_reader(const std::string& format, const Json& tools) {
    for (const auto& known : kFormats) {
        if (format == known.name) return known.make_reader(tools);
    }
    fail(ErrorCode::usage, "no format of tool calls is called '{}'; known are: {}", format,
         fmt::join(tool_format_names(), ", "));
}

}  // namespace ovenbird
