#include <array>
#include <cctype>
#include <string_view>

#include "serve/tools/tool_calls.hpp"

namespace ovenbird {
namespace {

struct Sign {
    const char* format;                     // "": one that is not known here
    std::array<std::string_view, 2> marks;  // all of them are in the source
};

// In this order: a mark of one format also stands in templates of the ones above it.
constexpr std::array kSigns{
    Sign{"", {"<arg_key>", ""}},  // GLM writes <tool_call> around something else
    Sign{"deepseek", {"<｜tool▁calls▁begin｜>", ""}},
    Sign{"qwen3_coder", {"<function=", "<parameter="}},
    Sign{"lfm2", {"<|tool_call_start|>", ""}},
    Sign{"phi4", {"functools", ""}},
    Sign{"phi4", {"<|tool|>", ""}},
    Sign{"granite", {"<|start_of_role|>", ""}},
    Sign{"mistral", {"[TOOL_CALLS]", ""}},
    Sign{"hermes", {"<tool_call>", ""}},
    Sign{"granite", {"<|tool_call|>", ""}},
    Sign{"llama", {"<|python_tag|>", ""}},
    Sign{"llama", {"<|start_header_id|>", "\"parameters\""}},
    Sign{"gemma", {"tool_code", ""}},
};

bool is_word(char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_';
}

// "tools" as a word of its own.
bool mentions_tools(std::string_view source) {
    constexpr std::string_view kWord = "tools";
    for (size_t at = source.find(kWord); at != std::string_view::npos; at = source.find(kWord, at + 1)) {
        const size_t end = at + kWord.size();
        if ((at == 0 || !is_word(source[at - 1])) && (end == source.size() || !is_word(source[end])))
            return true;
    }
    return false;
}

bool has(std::string_view source, std::string_view mark) {
    return source.find(mark) != std::string_view::npos;
}

}  // namespace

std::string tool_format_of(std::string_view template_source) {
    if (!mentions_tools(template_source)) return "";
    for (const auto& sign : kSigns) {
        if (has(template_source, sign.marks[0]) && has(template_source, sign.marks[1])) return sign.format;
    }
    return "";
}

}  // namespace ovenbird
