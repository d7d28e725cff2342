#pragma once
// The readers, one a format: what each model family writes.

#include <memory>
#include <string>
#include <vector>

#include "serve/tools/tool_calls.hpp"

namespace ovenbird {

/// <tool_call>{"name": …, "arguments": …}</tool_call>: Hermes, Qwen 2.5, Qwen 3.
std::unique_ptr<ToolCallReader> make_hermes_reader(const Json& tools);
/// <tool_call><function=NAME><parameter=K>V</parameter></function></tool_call>, or without the outer marks.
std::unique_ptr<ToolCallReader> make_qwen3_coder_reader(const Json& tools);
/// <|python_tag|>{"name": …, "parameters": …}; …, or the object alone, as the answer's beginning: Llama 3.
std::unique_ptr<ToolCallReader> make_llama_reader(const Json& tools);
/// [TOOL_CALLS] [{"name": …, "arguments": …}] and [TOOL_CALLS]NAME[ARGS]{…}.
std::unique_ptr<ToolCallReader> make_mistral_reader(const Json& tools);
/// functools[{"name": …, "arguments": …}]: Phi-4-mini.
std::unique_ptr<ToolCallReader> make_phi4_reader(const Json& tools);
/// <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME, then JSON in fences: R1 and V3;
/// V3.1 writes NAME<｜tool▁sep｜>{…}.
std::unique_ptr<ToolCallReader> make_deepseek_reader(const Json& tools);
/// <|tool_call|>[{"name": …, "arguments": …}] and <tool_call>, with an array or an object.
std::unique_ptr<ToolCallReader> make_granite_reader(const Json& tools);
/// JSON in fences called tool_code, tool_call or json: Gemma 3, which no template of its own tells of tools.
std::unique_ptr<ToolCallReader> make_gemma_reader(const Json& tools);
/// <|tool_call_start|>[f(a=1, b="x")]<|tool_call_end|>: LFM2.
std::unique_ptr<ToolCallReader> make_lfm2_reader(const Json& tools);

}  // namespace ovenbird
