#include "text/chat_template.hpp"

#include "base/bridge_text.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "text/special_tokens.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kMostTemplateBytes = uint64_t{4} << 20;

/// `chat_template` of a JSON file: a string, or a list of named ones of which "default" is taken.
std::optional<std::string> template_in(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    const Json json = read_json(path);
    const JsonObject file(json, path.string());
    if (!file.has("chat_template")) return std::nullopt;
    const Json& value = json.at("chat_template");
    if (!value.is_array()) return file.text("chat_template");
    for (const Json& item : value) {
        const JsonObject named(item, path.string() + ": chat_template");
        if (named.text("name") == "default") return named.text("template");
    }
    return std::nullopt;
}

std::optional<std::string> find_template(const std::filesystem::path& folder) {
    const std::filesystem::path own_file = folder / "chat_template.jinja";
    if (std::filesystem::exists(own_file)) return read_file(own_file, kMostTemplateBytes);
    if (auto found = template_in(folder / "tokenizer_config.json")) return found;
    return template_in(folder / "chat_template.json");
}

}  // namespace

std::optional<ChatTemplate> ChatTemplate::load(const std::filesystem::path& folder) {
    std::optional<std::string> source = find_template(folder);
    if (!source) return std::nullopt;
    SpecialTokens special = read_special_tokens(folder);
    return ChatTemplate(std::move(*source), special.bos.value_or(""), special.eos.value_or(""));
}

ChatTemplate::ChatTemplate(std::string source, std::string bos_token, std::string eos_token)
    : source_(std::move(source)), bos_token_(std::move(bos_token)), eos_token_(std::move(eos_token)) {}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const {
    if (source_.size() > kMostTemplateBytes) {
        fail(ErrorCode::invalid_input, "the chat template has {} bytes, more than the {} that are read",
             source_.size(), kMostTemplateBytes);
    }
    Json list = Json::array();
    for (const ChatMessage& message : messages) {
        list.push_back({{"role", message.role}, {"content", message.content}});
    }
    const Json context = {{"messages", std::move(list)}, {"tools", nullptr},
                          {"documents", nullptr},        {"add_generation_prompt", add_generation_prompt},
                          {"bos_token", bos_token_},     {"eos_token", eos_token_}};
    std::string context_text;
    try {
        context_text = context.dump();
    } catch (const Json::type_error&) {
        fail(ErrorCode::invalid_input, "a chat message is not valid UTF-8");
    }
    BridgeText text, error;
    if (!ob_template_render(source_.data(), source_.size(), context_text.data(), context_text.size(),
                            text.out(), error.out())) {
        fail(ErrorCode::invalid_input, "the model's chat template does not take this conversation: {}",
             error.str());
    }
    return text.str();
}

std::string ChatTemplate::end_of_turn() const {
    constexpr std::string_view kAnswer = "ovenbird";
    constexpr const char* kBlanks = " \t\r\n";
    std::string text;
    try {
        text = render({{"user", "Name a bird."}, {"assistant", std::string(kAnswer)}}, false);
    } catch (const Error&) {
        return "";  // a template that cannot be used is told to whom it concerns: who wants a prompt of it
    }
    const size_t answer = text.rfind(kAnswer);
    if (answer == std::string::npos) return "";
    text.erase(0, answer + kAnswer.size());
    const size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace ovenbird
