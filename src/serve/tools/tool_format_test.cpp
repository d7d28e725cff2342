#include <gtest/gtest.h>

#include "serve/tools/tool_calls.hpp"

namespace ovenbird {
namespace {

TEST(ToolFormat, MarksInTheTemplateDecide) {
    const auto with_tools = [](const std::string& text) {
        return tool_format_of("{% if tools %}" + text + "{% endif %}");
    };
    EXPECT_EQ(with_tools("<tool_call>\\n{\"name\": <function-name>}"), "hermes");
    EXPECT_EQ(with_tools("<tool_call>\\n<function=f>\\n<parameter=p>"), "qwen3_coder");
    EXPECT_EQ(with_tools("<|start_header_id|>{\"name\": n, \"parameters\": d}"), "llama");
    EXPECT_EQ(with_tools("<|python_tag|>"), "llama");
    EXPECT_EQ(with_tools("[AVAILABLE_TOOLS][TOOL_CALLS]"), "mistral");
    EXPECT_EQ(with_tools("<|tool|><|/tool|>"), "phi4");
    EXPECT_EQ(with_tools("functools[]"), "phi4");
    EXPECT_EQ(with_tools("<｜tool▁calls▁begin｜>"), "deepseek");
    EXPECT_EQ(with_tools("<|start_of_role|> <|tool_call|>"), "granite");
    EXPECT_EQ(with_tools("<|start_of_role|> <tool_call>"), "granite");
    EXPECT_EQ(with_tools("```tool_code"), "gemma");
    EXPECT_EQ(with_tools("<|tool_list_start|> <|tool_call_start|>"), "lfm2");
}

TEST(ToolFormat, NothingWithoutToolsOrWithStrangeMarks) {
    EXPECT_EQ(tool_format_of(""), "");
    EXPECT_EQ(tool_format_of("{{ bos }}{% for m in messages %}<tool_call>{% endfor %}"), "");
    EXPECT_EQ(tool_format_of("my_tools <tool_call> toolset"), "");
    EXPECT_EQ(tool_format_of("{% if tools %}<tool_call>{name}<arg_key>{% endif %}"), "");
    EXPECT_EQ(tool_format_of("{% if tools %}<|channel|>commentary{% endif %}"), "");
    EXPECT_EQ(tool_format_of("{% if tools %}<|tool_call>call:{% endif %}"), "");
}

}  // namespace
}  // namespace ovenbird
