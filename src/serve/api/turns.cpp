#include "serve/api/turns.hpp"

#include <string>

namespace ovenbird {
namespace {

bool is_text(const Json& message) {
    return message.size() == 2 && message.contains("content");
}

void join(Json& last, const Json& message, const char* name, const char* between) {
    if (!message.contains(name)) return;
    const auto text = message.at(name).get<std::string>();
    const auto before = last.value(name, std::string());
    last[name] = before + (before.empty() || text.empty() ? "" : between) + text;
}

}  // namespace

void append_turn(Json& messages, Json message) {
    if (messages.empty() || messages.back().at("role") != message.at("role"))
        return messages.push_back(std::move(message));
    Json& last = messages.back();
    if (message.at("role") == "assistant") {
        const bool says = !message.at("content").get_ref<const std::string&>().empty() ||
                          message.contains("reasoning_content");
        if (says && last.contains("tool_calls")) return messages.push_back(std::move(message));
        join(last, message, "content", "");
        join(last, message, "reasoning_content", "");
        for (auto& call : message.value("tool_calls", Json::array()))
            last["tool_calls"].push_back(std::move(call));
    } else if (is_text(last) && is_text(message)) {
        join(last, message, "content", "\n\n");
    } else {
        messages.push_back(std::move(message));
    }
}

}  // namespace ovenbird
