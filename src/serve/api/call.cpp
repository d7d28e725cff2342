#include "serve/api/call.hpp"

#include <algorithm>
#include <random>
#include <string_view>

namespace ovenbird {

void Usage::add(const Usage& next) {
    prompt_tokens = std::max(prompt_tokens, next.prompt_tokens);
    cached_tokens = std::max(cached_tokens, next.cached_tokens);
    completion_tokens += next.completion_tokens;
    reasoning_tokens += next.reasoning_tokens;
}

void WholeAnswer::add(const Delta& delta) {
    content += delta.content;
    thinking += delta.thinking;
    tokens.insert(tokens.end(), delta.tokens.begin(), delta.tokens.end());
    for (const auto& piece : delta.tool_calls) {
        const auto index = static_cast<size_t>(piece.index);
        if (tool_calls.size() <= index) tool_calls.resize(index + 1);
        ToolCall& call = tool_calls[index];
        if (!piece.id.empty()) call.id = piece.id;
        call.name += piece.name;
        call.arguments += piece.arguments;
    }
}

std::string fresh_id() {
    constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    thread_local std::mt19937_64 random{std::random_device{}()};
    std::uniform_int_distribution<size_t> place(0, kLetters.size() - 1);
    std::string id(24, ' ');
    std::generate(id.begin(), id.end(), [&] { return kLetters[place(random)]; });
    return id;
}

}  // namespace ovenbird
