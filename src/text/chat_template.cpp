#include "text/chat_template.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/bridge_text.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "text/special_tokens.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kMostTemplateBytes = uint64_t{4} << 20;
constexpr const char* kTemplatesFolder = "additional_chat_templates";

using Templates = std::map<std::string, std::string>;  // by name
constexpr const char* kDefault = "default";

/// `chat_template` of a JSON file: a string, a list of named ones, or an object of them.
Templates templates_in(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) return {};
    const Json json = read_json(path);
    const JsonObject file(json, path.string());
    if (!file.has("chat_template")) return {};
    const Json& value = json.at("chat_template");
    Templates found;
    if (value.is_array()) {
        for (const Json& item : value) {
            const JsonObject named(item, path.string() + ": chat_template");
            found[named.text("name")] = named.text("template");
        }
    } else if (value.is_object()) {
        const JsonObject named(value, path.string() + ": chat_template");
        for (const auto& [name, _] : value.items())
            found[name] = named.text(name);
    } else {
        found[kDefault] = file.text("chat_template");
    }
    return found;
}

Templates templates_of(const std::filesystem::path& folder) {
    const std::filesystem::path own_file = folder / "chat_template.jinja";
    if (!std::filesystem::exists(own_file)) {
        auto found = templates_in(folder / "tokenizer_config.json");
        return found.empty() ? templates_in(folder / "chat_template.json") : found;
    }
    Templates found{{kDefault, read_file(own_file, kMostTemplateBytes)}};
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder / kTemplatesFolder, error), end; !error && it != end;
         it.increment(error)) {
        if (it->path().extension() == ".jinja")
            found[it->path().stem().string()] = read_file(it->path(), kMostTemplateBytes);
    }
    return found;
}

std::string names_of(const Templates& templates) {
    std::string names;
    for (const auto& [name, _] : templates)
        names += (names.empty() ? "" : ", ") + name;
    return names;
}

std::optional<std::string> find_template(const std::filesystem::path& folder, const std::string& name) {
    Templates templates = templates_of(folder);
    if (templates.empty() && name.empty()) return std::nullopt;
    const auto found = templates.find(name.empty() ? kDefault : name);
    if (found != templates.end()) return std::move(found->second);
    if (name.empty() && templates.size() == 1) return std::move(templates.begin()->second);
    if (name.empty())
        fail(ErrorCode::not_found,
             "{}: several chat templates and none is 'default'; choose with --chat-template: {}",
             folder.string(), names_of(templates));
    fail(ErrorCode::not_found, "{}: no chat template '{}'; there are: {}", folder.string(), name,
         templates.empty() ? "none" : names_of(templates));
}

// What the program itself says to a template.
constexpr std::array<std::string_view, 6> kOwnVariables{
    "messages", "add_generation_prompt", "bos_token", "eos_token", "tools", "documents"};

bool is_utf8(const Json& value) {
    try {
        (void)value.dump();
        return true;
    } catch (const Json::type_error&) {
        return false;
    }
}

void add_arguments(const TemplateArguments& arguments, Json& context) {
    for (const auto& [name, text] : arguments) {
        if (std::find(kOwnVariables.begin(), kOwnVariables.end(), name) != kOwnVariables.end())
            fail(ErrorCode::usage,
                 "the template's variable '{}' is not for --template-arg: the conversation says it", name);
        const Json parsed = Json::parse(text, nullptr, false);
        const Json value = parsed.is_discarded() ? Json(text) : parsed;
        if (!is_utf8(name) || !is_utf8(value))
            fail(ErrorCode::usage, "--template-arg: the name or value of a variable is not valid UTF-8");
        context[name] = value;
    }
}

}  // namespace

std::optional<ChatTemplate> ChatTemplate::load(const std::filesystem::path& folder, const std::string& name) {
    std::optional<std::string> source = find_template(folder, name);
    if (!source) return std::nullopt;
    SpecialTokens special = read_special_tokens(folder);
    return ChatTemplate(std::move(*source), special.bos.value_or(""), special.eos.value_or(""));
}

ChatTemplate::ChatTemplate(std::string source, std::string bos_token, std::string eos_token)
    : source_(std::move(source)), bos_token_(std::move(bos_token)), eos_token_(std::move(eos_token)) {}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool add_generation_prompt,
                                 const TemplateArguments& arguments) const {
    Json list = Json::array();
    for (const ChatMessage& message : messages) {
        Json said{{"role", message.role}, {"content", message.content}};
        if (!message.thinking.empty()) said["reasoning_content"] = message.thinking;
        list.push_back(std::move(said));
    }
    return render(list, nullptr, add_generation_prompt, arguments);
}

std::string ChatTemplate::render(const Json& messages, const Json& tools, bool add_generation_prompt,
                                 const TemplateArguments& arguments) const {
    if (source_.size() > kMostTemplateBytes) {
        fail(ErrorCode::invalid_input, "the chat template has {} bytes, more than the {} that are read",
             source_.size(), kMostTemplateBytes);
    }
    Json context = {{"messages", messages},    {"tools", tools},
                    {"documents", nullptr},    {"add_generation_prompt", add_generation_prompt},
                    {"bos_token", bos_token_}, {"eos_token", eos_token_}};
    add_arguments(arguments, context);
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
