#pragma once
// Chat templates (Jinja, as Hugging Face folders carry them) rendered by the `minijinja` crate.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "ovenbird/answer.hpp"

namespace ovenbird {

class ChatTemplate {
public:
    /// The folder's templates: chat_template.jinja with those of additional_chat_templates/ beside it, else
    /// `chat_template` of tokenizer_config.json (a string, a list of {name, template}, or an object of them),
    /// else chat_template.json; nothing where there is none. `name` chooses; empty: "default", or the only
    /// one. Errors: invalid_input; not_found (no template of that name; several, and none is "default": lists
    /// them).
    static std::optional<ChatTemplate> load(const std::filesystem::path& folder,
                                            const std::string& name = "");
    ChatTemplate(std::string source, std::string bos_token, std::string eos_token);

    /// The prompt's text. Templates see messages, add_generation_prompt, bos_token, eos_token,
    /// raise_exception and strftime_now, as in transformers. The result already holds its special tokens:
    /// encode it with add_special = false. Errors: invalid_input with the template's own message (such as
    /// "roles must alternate").
    /// `arguments` are further variables. Errors also: usage for one of the names above.
    std::string render(const std::vector<ChatMessage>& messages, bool add_generation_prompt = true,
                       const TemplateArguments& arguments = {}) const;

    /// The same for messages that hold more than text: an array as templates take it. `tools`: an array of
    /// functions, or null.
    std::string render(const Json& messages, const Json& tools, bool add_generation_prompt,
                       const TemplateArguments& arguments) const;

    /// Jinja, as the model's folder has it.
    const std::string& source() const { return source_; }
    /// Whether the template's source holds the text.
    bool mentions(std::string_view text) const { return source_.find(text) != std::string::npos; }

    /// What the template writes behind an assistant's message that is the last one, without the white space
    /// around it: a model that was trained with it says the same when its turn is over. Empty where there is
    /// nothing, or the template does not take such a conversation.
    std::string end_of_turn() const;

private:
    std::string source_;
    std::string bos_token_;
    std::string eos_token_;
};

}  // namespace ovenbird
